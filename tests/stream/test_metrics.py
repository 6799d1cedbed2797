"""Counts and gauges, from many threads."""

from concurrent.futures import ThreadPoolExecutor

from stream.metrics import Metrics


def test_counts_add_up_by_label() -> None:
    metrics = Metrics()
    metrics.add("frames_dropped", camera="door")
    metrics.add("frames_dropped", 2, camera="door")
    metrics.add("frames_dropped", 5, camera="hall")
    assert metrics.get("frames_dropped", camera="door") == 3
    assert metrics.get("frames_dropped", camera="hall") == 5
    assert metrics.total("frames_dropped") == 8


def test_what_was_never_counted_is_zero() -> None:
    metrics = Metrics()
    assert metrics.get("frames") == metrics.total("frames") == 0
    assert metrics.all() == {}


def test_a_gauge_keeps_its_last_value() -> None:
    metrics = Metrics()
    metrics.put("spool_bytes", 4096)
    metrics.put("spool_bytes", 512)
    assert metrics.get("spool_bytes") == 512


def test_the_order_of_labels_does_not_matter() -> None:
    metrics = Metrics()
    metrics.add("seconds", 1, camera="door", stage="detect")
    metrics.put("seconds", 7, stage="detect", camera="door")
    assert metrics.get("seconds", stage="detect", camera="door") == 7
    assert len(metrics.all()) == 1


def test_all_is_a_copy() -> None:
    metrics = Metrics()
    metrics.add("frames")
    before = metrics.all()
    metrics.add("frames")
    assert before == {("frames", ()): 1}


def test_two_of_them_share_nothing() -> None:
    first, second = Metrics(), Metrics()
    first.add("frames")
    assert second.total("frames") == 0


def test_no_count_is_lost_between_threads() -> None:
    metrics = Metrics()

    def count(number: int) -> None:
        for _ in range(2000):
            metrics.add("frames", camera=str(number % 2))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    assert metrics.get("frames", camera="0") == metrics.get("frames", camera="1") == 8000
