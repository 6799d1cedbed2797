"""Runs side by side, with the row of the paper: one table for each data set and setting."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from reid_core.errors import ConfigInvalid
from reid_core.evaluation.papers import FIGURES, Figure
from reid_core.evaluation.results import Report, Result, read_report
from reid_core.evaluation.settings import plain_name
from reid_core.evaluation.tables import percent, table

Row = tuple[str, ...]
Run = tuple[str, Report, Result]  # what to call it, and one result of it
HEAD = ("run", "cue", "valid queries", "R-1", "mAP", "to the paper", "source")


def compare(paths: Sequence[Path]) -> str:
    """Markdown, from the report.json (or its folder) of each run."""
    if not paths:
        raise ConfigInvalid("compare: expected at least one report.json of restride-lab evaluate")
    files = [path / "report.json" if path.is_dir() else path for path in paths]
    reports = [read_report(file) for file in files]
    titles = Counter(report.about.system + report.title for report in reports)
    names = [
        report.title if titles[report.about.system + report.title] == 1 else f"{report.title} ({file})"
        for file, report in zip(files, reports, strict=True)
    ]
    runs = [(name, report, each) for name, report in zip(names, reports, strict=True) for each in report.results]
    places = dict.fromkeys((_where(report), each.setting) for _, report, each in runs)
    parts = [
        part
        for where, setting in places
        for part in _place(where, setting, [r for r in runs if (_where(r[1]), r[2].setting) == (where, setting)])
    ]
    return "\n".join(parts)


def _where(report: Report) -> str:
    return f"{report.about.data} {report.about.split}{' (synthetic)' if report.about.synthetic else ''}"


def _place(where: str, setting: str, runs: Sequence[Run]) -> Iterator[str]:
    yield from (f"## {where}, {setting}", "")
    about = runs[0][1].about
    known = [each for each in FIGURES if _same(each, about.data, setting) and not about.synthetic]
    systems = {plain_name(report.about.system) for _, report, _ in runs}
    cues = {result.cue for _, _, result in runs}
    theirs = [each for each in known if plain_name(each.system) in systems and each.cue in cues]
    beside = [each for each in known if each.yardstick and plain_name(each.system) not in systems]
    yield table(HEAD, [*(_run(run, theirs) for run in runs), *map(_paper, (*theirs, *beside))])
    yield ""
    if len({(result.queries, result.valid_queries, result.gallery) for _, _, result in runs}) > 1:
        yield from ("The runs differ in queries or gallery: their figures do not compare.", "")
    if about.synthetic:
        yield from ("Synthetic people: no published figure compares.", "")
    elif not theirs:
        yield from ("No figure of these systems is known for this setting.", "")


def _same(figure: Figure, data: str, setting: str) -> bool:
    return plain_name(figure.data) == plain_name(data) and figure.setting == setting


def _run(run: Run, theirs: Sequence[Figure]) -> Row:
    name, report, result = run
    system = plain_name(report.about.system)
    goal = next((each for each in theirs if plain_name(each.system) == system and each.cue == result.cue), None)
    return (
        name,
        result.cue,
        f"{result.valid_queries} of {result.queries}",
        percent(result.rank1),
        percent(result.mean_ap),
        _apart(result, goal),
        ", ".join(filter(None, (report.about.system, report.about.checkpoint, result.note))),
    )


def _apart(result: Result, goal: Figure | None) -> str:
    if goal is None:
        return "-"
    ranks = f"{100 * result.rank1 - goal.rank1:+.1f}"
    return ranks if goal.mean_ap is None else f"{ranks} / {100 * result.mean_ap - goal.mean_ap:+.1f}"


def _paper(figure: Figure) -> Row:
    mean_ap = "-" if figure.mean_ap is None else f"{figure.mean_ap:.1f}"
    return (f"published: {figure.system}", figure.cue, "-", f"{figure.rank1:.1f}", mean_ap, "", figure.source)
