"""`restride-lab data`: whether a data set on disk is whole, and what it looks like."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reid_core.errors import DataSetInvalid

if TYPE_CHECKING:
    from rich.console import Console

    from reid_core.data.counts import Finding
    from reid_core.data.samples import DataSet

data = typer.Typer(help="Check the data sets of re-identification, and look at them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="vccr, ccvid, ltcc, prcc, ... ; a wrong name lists them all.")]
Root = Annotated[Path, typer.Argument(help="The folder it was unpacked to.", show_default=False)]
SkipOdd = Annotated[bool, typer.Option("--skip-odd", help="Count files that do not fit, instead of refusing them.")]


@data.command()
def check(
    name: Name,
    root: Root,
    skip_odd: SkipOdd = False,
    decode: Annotated[bool, typer.Option("--decode", help="Also decode every picture.")] = False,
    allow: Annotated[bool, typer.Option("--allow", help="Exit 0 although figures differ.")] = False,
) -> None:
    """Count what is there, beside what the paper or the publisher says. Exit 2 where they differ."""
    from rich.console import Console

    from reid_core.data.counts import check as findings_of
    from reid_core.data.counts import mismatches

    found = read_named(name, root, skip_odd)
    findings = findings_of(found)
    _show_counts(Console(), found, findings)
    damaged = _damaged(found) if decode else []
    for line in (*found.odd, *damaged):
        typer.echo(line)
    wrong = [str(finding) for finding in mismatches(findings)]
    if damaged:
        wrong.append(f"{len(damaged)} damaged pictures")
    if wrong and not allow:
        raise DataSetInvalid(f"{name}: {'; '.join(wrong)}; unpack it again, or take it as it is with --allow")


@data.command()
def show(
    name: Name,
    root: Root,
    out: Annotated[Path, typer.Option(help="The PNG to write.", show_default=False)],
    split: Annotated[str, typer.Option(help="train, query or gallery.")] = "train",
    people: Annotated[int, typer.Option(min=1, help="Rows.")] = 8,
    looks: Annotated[int, typer.Option(min=1, help="Pictures of each, of other clothes and cameras.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Another number shows other people.")] = 0,
    skip_odd: SkipOdd = False,
) -> None:
    """A contact sheet: some people in their outfits on their cameras, with the labels."""
    from reid_core.data.contact_sheet import contact_sheet
    from reid_core.data.decode import write_png

    sheet = contact_sheet(read_named(name, root, skip_odd), split, people, looks, seed)
    write_png(out, sheet)
    typer.echo(f"{out}: {sheet.shape[1]}x{sheet.shape[0]}")


def read_named(name: str, root: Path, skip_odd: bool) -> "DataSet":
    from rich.console import Console

    from reid_core.data.read import read

    with Console(stderr=True).status(f"Reading {name}"):
        return read(name, root, skip_odd=skip_odd)


def _show_counts(console: "Console", found: "DataSet", findings: "list[Finding]") -> None:
    from rich.markup import escape
    from rich.table import Table

    from reid_core.data.counts import count

    held = Table(title=escape(f"{found.name}: {found.root}"), title_justify="left")
    for column in ("split", "ids", "images" if found.kind == "image" else "frames", "tracklets", "cameras", "clothes"):
        held.add_column(column, justify="left" if column == "split" else "right")
    for split in ("train", "query", "gallery", *found.unused):
        samples = found.split(split)
        counts = [count(samples, what) for what in ("ids", "images", "tracklets", "cameras", "clothes")]
        if found.kind == "image":
            counts[2] = 0
        held.add_row(split, *(f"{each:,}" if each else "-" for each in counts))
    console.print(held)
    against = Table()
    for column in ("", "what", "expected", "found"):
        against.add_column(column, justify="right" if column in {"expected", "found"} else "left")
    for finding in findings:
        tick = "✓" if finding.agrees else "✗" if finding.mismatch else "?"
        note = "" if finding.expected.verified else " (unverified)"
        what = f"{finding.expected.where} {finding.expected.what}{note}"
        against.add_row(tick, what, f"{finding.expected.count:,}", f"{finding.found:,}")
    console.print(against)
    if found.odd:
        console.print(f"{len(found.odd)} odd files skipped:")


def _damaged(found: "DataSet") -> list[str]:
    """One line a picture that cannot be decoded."""
    from rich.console import Console
    from rich.progress import track

    from reid_core.data.decode import read_picture

    splits = (found.train, found.query, found.gallery, *found.unused.values())
    paths = [path for split in splits for sample in split for path in sample.paths]
    console = Console(stderr=True)
    lines = []
    for path in track(paths, "Decoding", console=console, transient=True, disable=not console.is_terminal):
        try:
            read_picture(path)
        except DataSetInvalid as error:
            lines.append(str(error))
    return lines
