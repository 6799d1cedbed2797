"""What TrackEval says of MOTChallenge files, run by an interpreter that has it; imports nothing of ours.

Takes the folders as JSON on its input, and gives HOTA, IDF1, MOTA (percent) and id switches by tracker in one line.
"""

import json
import sys
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path


def main() -> None:
    given = json.load(sys.stdin)
    names = sorted(each.name for each in Path(given["results"]).iterdir())
    with redirect_stdout(StringIO()):  # it tells much
        trackeval = import_module("trackeval")
        quiet = {"PRINT_CONFIG": False}
        settings = {
            **trackeval.Evaluator.get_default_eval_config(),
            **dict.fromkeys(("PRINT_RESULTS", "PRINT_CONFIG", "TIME_PROGRESS", "OUTPUT_SUMMARY"), False),
            **dict.fromkeys(("OUTPUT_DETAILED", "OUTPUT_EMPTY_CLASSES", "PLOT_CURVES"), False),
        }
        data = trackeval.datasets.MotChallenge2DBox(
            {
                **quiet,
                "GT_FOLDER": given["truth"],
                "TRACKERS_FOLDER": given["results"],
                "TRACKERS_TO_EVAL": names,
                "SKIP_SPLIT_FOL": True,
                "SEQ_INFO": given["lengths"],
                "BENCHMARK": "MOT17",
            }
        )
        metrics = [trackeval.metrics.HOTA(), trackeval.metrics.Identity(quiet), trackeval.metrics.CLEAR(quiet)]
        said, _ = trackeval.Evaluator(settings).evaluate([data], metrics)
    figures = {}
    for name in names:
        of = said["MotChallenge2DBox"][name]["COMBINED_SEQ"]["pedestrian"]
        percents = [of["HOTA"]["HOTA"].mean(), of["Identity"]["IDF1"], of["CLEAR"]["MOTA"]]
        figures[name] = [round(100 * float(each), 2) for each in percents] + [int(of["CLEAR"]["IDSW"])]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
