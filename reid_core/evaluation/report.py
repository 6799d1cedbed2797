"""A folder that says how well a model does: report.md, report.json, cmc.png, retrieval.png."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import msgspec

from reid_core.errors import ConfigInvalid
from reid_core.evaluation.open_set import OpenSet
from reid_core.evaluation.pictures import Curve, Shown, cmc_plot, retrieval_picture
from reid_core.evaluation.results import About, Report, Result
from reid_core.evaluation.tables import percent, table
from reid_core.records import Image


def write_report(
    folder: Path, title: str, about: About, results: Sequence[Result], retrieved: Sequence[Sequence[Shown]] = ()
) -> Report:
    """`retrieved`: rows of the ranked-retrieval picture, a query and what it found."""
    report = Report(title=title, about=about, results=tuple(results))
    has_curves = any(result.cmc for result in results)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
        (folder / "report.md").write_text(markdown(report, has_curves, bool(retrieved)), encoding="utf-8")
        if has_curves:
            curves = [Curve(_name(each), each.cmc) for each in results if each.cmc]
            _write_png(folder / "cmc.png", cmc_plot(f"{title}: {_where(about)}", curves))
        if retrieved:
            _write_png(folder / "retrieval.png", retrieval_picture(f"{title}: {_where(about)}", retrieved))
    except OSError as error:
        raise ConfigInvalid(f"{folder}: cannot write the report there: {error.strerror}") from error
    return report


def markdown(report: Report, has_curves: bool = False, has_retrieved: bool = False) -> str:
    about = report.about
    lines = [f"# {report.title}", ""]
    if about.synthetic:
        lines += ["**Synthetic people: these figures say nothing about real ones.**", ""]
    lines += [
        f"- system: {about.system}{f', {about.checkpoint}' if about.checkpoint else ''}",
        f"- data: {about.data}, split {about.split}{' (synthetic)' if about.synthetic else ''}",
        f"- {about.identities} identities, {about.queries} queries, {about.gallery} gallery items",
        *(f"- {note}" for note in about.notes),
        "",
    ]
    for setting in dict.fromkeys(result.setting for result in report.results):
        lines += _of_setting(setting, [each for each in report.results if each.setting == setting])
    if has_curves:
        lines += ["## CMC", "", "![share of queries found within each rank](cmc.png)", ""]
    if has_retrieved:
        lines += ["## Retrieved", "", "![queries and what they found](retrieval.png)", ""]
    return "\n".join(lines)


def _of_setting(setting: str, results: Sequence[Result]) -> Iterator[str]:
    yield from (f"## {setting}", "", f"{results[0].rule[:1].upper()}{results[0].rule[1:]}.", "")
    yield table(
        ("cue", "valid queries", "identities", "gallery", "R-1", "R-5", "R-10", "R-20", "mAP", "mINP", "note"),
        [
            (
                each.cue,
                f"{each.valid_queries} of {each.queries}",
                str(each.persons),
                str(each.gallery),
                *map(percent, (each.rank1, each.rank5, each.rank10, each.rank20, each.mean_ap, each.mean_inp)),
                each.note,
            )
            for each in results
        ],
    )
    yield ""
    opened = [(each.cue, each.open_set) for each in results if each.open_set]
    if opened:
        yield from ("Open set:", "", _open_table(opened), "", *_open_words(opened[0][1]), "")


def _open_table(opened: Sequence[tuple[str, OpenSet]]) -> str:
    rates = [f"TPR at FMR {each.rate:g}" for each in opened[0][1].verification.true_positive]
    listed = next((each.watch_list for _, each in opened if each.watch_list), None)
    alarms = [f"DIR at FAR {each.rate:g}" for each in listed.identified] if listed else []
    rows = []
    for cue, each in opened:
        row = [cue, *(percent(at.share) for at in each.verification.true_positive)]
        row += [percent(each.verification.auc), percent(each.verification.eer)]
        row += [percent(at.share) for at in each.watch_list.identified] if each.watch_list else ["-"] * len(alarms)
        row += [f"{each.calibration.ece:.3f}", f"{each.calibration.brier:.3f}"] if each.calibration else ["-", "-"]
        rows.append(row)
    return table(("cue", *rates, "AUC", "EER", *alarms, "ECE", "Brier"), rows)


def _open_words(each: OpenSet) -> Iterator[str]:
    pairs = each.verification
    looked_at = "" if pairs.impostors == pairs.impostors_all else f" (a random share of {pairs.impostors_all})"
    yield f"{pairs.genuine} genuine and {pairs.impostors} impostor pairs{looked_at}."
    if each.watch_list:
        yield f"Watch list: {each.watch_list.known} queries of people on it, {each.watch_list.unknown} of others."


def _name(result: Result) -> str:
    return result.setting if result.cue == "fused" else f"{result.setting}, {result.cue}"


def _where(about: About) -> str:
    return f"{about.data} {about.split}{' (synthetic)' if about.synthetic else ''}"


def _write_png(path: Path, picture: Image) -> None:
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    path.write_bytes(data.tobytes())
