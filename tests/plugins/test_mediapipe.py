"""MediaPipe's poses on painted people, and its process: how it ends, what it says, and to whom."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from plugins.poses.landmarker_messages import Picture, Settings
from plugins.poses.landmarker_process import NO_NETWORK, LandmarkerProcess
from plugins.poses.mediapipe import MOST_HEIGHT, MediaPipePose
from reid_core.errors import CheckpointInvalid, ConfigInvalid, PluginNotFound, RecordInvalid
from reid_core.options import PluginUse, convert_options
from reid_core.pose.skeleton import joint
from reid_core.records import Pose
from reid_core.registry import build
from tests.fakes.painted import AWAY, LEFTWARDS, RIGHTWARDS, TOWARDS, painted_crop, painted_walk
from tests.fakes.tracklets import tracklet
from tests.pose_model import pose_model


@pytest.fixture(scope="module")
def estimator() -> Iterator[MediaPipePose]:
    estimator = MediaPipePose(MediaPipePose.Options(model=str(pose_model())))
    yield estimator
    estimator.close()


def processes(parent: int | None = None) -> set[int]:
    """The landmarkers that this process (or another) has started and that still run."""
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            status = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if b"plugins.poses.landmarker" in words and status[0] != "Z" and int(status[1]) == (parent or os.getpid()):
            found.add(int(folder.name))
    return found


def gone(pid: int, seconds: float = 10.0) -> bool:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        try:
            if (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def all_found(poses: list[Pose | None]) -> list[Pose]:
    found = [pose for pose in poses if pose is not None]
    assert len(found) == len(poses)
    return found


def test_left_and_right_of_who_comes_towards_us(estimator: MediaPipePose) -> None:
    for pose in all_found(estimator.estimate(painted_walk(TOWARDS))):
        left, right = pose.image[[joint("left_shoulder"), joint("right_shoulder")], 0]
        assert left > right


@pytest.mark.parametrize(("heading", "far"), [(RIGHTWARDS, "left"), (LEFTWARDS, "right")])
def test_depth_is_away_from_the_camera(estimator: MediaPipePose, heading: float, far: str) -> None:
    """Who walks to the right of the picture shows the right side: the left shoulder is the far one."""
    near = "right" if far == "left" else "left"
    poses = all_found(estimator.estimate(painted_walk(heading)))
    ends = [joint(f"{near}_shoulder"), joint(f"{far}_shoulder")]
    assert np.mean([np.diff(pose.world[ends, 2]) for pose in poses]) > 0.05  # metres


def test_joints_are_in_pixels_of_the_crop_whatever_its_size(estimator: MediaPipePose) -> None:
    crops = [painted_crop(i / 14, height=240) for i in range(4)]
    size = (crops[0].shape[1] * 4, crops[0].shape[0] * 4)
    large = [np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8) for crop in crops]
    assert large[0].shape[0] > MOST_HEIGHT  # so that it is made smaller on the way
    pairs = zip(
        all_found(estimator.estimate(tracklet(crops))), all_found(estimator.estimate(tracklet(large))), strict=True
    )
    for small_pose, large_pose in pairs:
        np.testing.assert_allclose(large_pose.image / 4, small_pose.image, atol=0.03 * crops[0].shape[0])
        np.testing.assert_allclose(large_pose.world, small_pose.world, atol=0.1)


def test_a_crop_without_a_person_has_no_pose(estimator: MediaPipePose) -> None:
    wall = np.full((200, 90, 3), 150, dtype=np.uint8)
    assert estimator.estimate(tracklet([wall] * 3)) == [None] * 3


def test_crops_of_odd_shapes(estimator: MediaPipePose) -> None:
    shapes = [(40, 1), (33, 700), (32, 32), (1, 1)]
    crops = [np.random.default_rng(0).integers(0, 255, (*shape, 3)).astype(np.uint8) for shape in shapes]
    assert len(estimator.estimate(tracklet(crops))) == len(shapes)


def test_the_least_height_is_an_option() -> None:
    model = str(pose_model())
    estimator = MediaPipePose(MediaPipePose.Options(model=model, min_height=150))
    crops = [painted_crop(0, height=100), *(painted_crop(i / 14, height=200) for i in range(3))]
    assert [pose is None for pose in estimator.estimate(tracklet(crops))] == [True, False, False, False]


def test_nothing_is_said_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    estimator = MediaPipePose(MediaPipePose.Options(model=str(pose_model())))
    estimator.estimate(painted_walk())
    estimator.close()
    assert capfd.readouterr() == ("", "")


def test_instances_in_threads_do_not_disturb_each_other(estimator: MediaPipePose) -> None:
    walks = [painted_walk(TOWARDS, number=1), painted_walk(AWAY, number=2)]
    alone = [all_found(estimator.estimate(walk)) for walk in walks]
    model = str(pose_model())

    def estimate(index: int) -> list[Pose | None]:
        return MediaPipePose(MediaPipePose.Options(model=model)).estimate(walks[index])

    with ThreadPoolExecutor(2) as pool:
        together = [all_found(poses) for poses in pool.map(estimate, (0, 1))]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal([pose.world for pose in one], [pose.world for pose in other])


def test_a_process_that_was_killed_is_started_again(caplog: pytest.LogCaptureFixture) -> None:
    before = processes()
    estimator = MediaPipePose(MediaPipePose.Options(model=str(pose_model())))
    [pid] = processes() - before
    first = all_found(estimator.estimate(painted_walk()))
    os.kill(pid, signal.SIGKILL)
    again = all_found(estimator.estimate(painted_walk()))
    np.testing.assert_array_equal([pose.world for pose in first], [pose.world for pose in again])
    assert "the process of MediaPipe is gone: SIGKILL; trying again" in caplog.text


def test_the_process_ends_with_its_estimator() -> None:
    before = processes()
    closed, dropped = (MediaPipePose(MediaPipePose.Options(model=str(pose_model()))) for _ in range(2))
    assert len(processes() - before) == 2
    closed.close()
    closed.close()  # twice does no harm
    del dropped
    assert processes() == before


def test_the_process_ends_when_ours_is_killed() -> None:
    lines = (
        "import sys, time; from plugins.poses.mediapipe import MediaPipePose; "
        "estimator = MediaPipePose(MediaPipePose.Options(model=sys.argv[1])); "
        "print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", lines, str(pose_model())], stdout=subprocess.PIPE) as ours:
        assert ours.stdout is not None
        assert ours.stdout.readline() == b"ready\n"
        [pid] = processes(ours.pid)
        ours.kill()
    assert gone(pid)


def test_ctrl_c_on_the_terminal_does_not_end_the_process(estimator: MediaPipePose) -> None:
    estimator.estimate(painted_walk(shots=1))
    for pid in processes():
        os.kill(pid, signal.SIGINT)
    assert all_found(estimator.estimate(painted_walk()))


def test_its_metrics_go_to_a_proxy_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "*")
    before = processes()
    process = LandmarkerProcess(Settings(str(pose_model()), 0.5, 0.5, 0.5))
    [pid] = processes() - before
    environment = (Path("/proc") / str(pid) / "environ").read_bytes().split(b"\0")
    process.close()
    assert b"https_proxy=http://127.0.0.1:9" in environment
    assert b"no_proxy=" in environment
    assert os.environ["https_proxy"] == "http://proxy.example:3128"  # ours stays as it was


def test_mediapipe_obeys_the_proxy_that_it_is_given() -> None:
    """If a later MediaPipe did not, its metrics would leave the machine."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(20)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        network = {name: address if value else "" for name, value in NO_NETWORK.items()}
        process = LandmarkerProcess(Settings(str(pose_model()), 0.5, 0.5, 0.5), network)
        crop = painted_crop(0)
        process.landmarks([Picture(0, crop.shape[0], crop.shape[1], crop.tobytes())])  # then a landmarker closes
        asking, _ = proxy.accept()
        with asking:
            asking.settimeout(20)
            assert asking.recv(100).startswith(b"CONNECT play.googleapis.com:443")
        process.close()


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    options = {"model": str(tmp_path / "none.task")}
    with pytest.raises(CheckpointInvalid, match=r"none\.task: no such file; expected a pose landmarker.*model: auto"):
        build("poses", PluginUse(use="mediapipe", options=options))


@pytest.mark.parametrize("content", [b"", b"not a model at all", bytes(range(256)) * 100])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.task"
    path.write_bytes(content)
    before = processes()
    with pytest.raises(CheckpointInvalid, match=r"bad\.task: MediaPipe cannot use it as a pose landmarker") as caught:
        MediaPipePose(MediaPipePose.Options(model=str(path)))
    assert "\n" not in str(caught.value)
    assert processes() == before


def test_the_options_have_ranges() -> None:
    with pytest.raises(ConfigInvalid, match="detection"):
        convert_options({"detection": 1.5}, MediaPipePose.Options, "poses mediapipe")
    with pytest.raises(ConfigInvalid, match="min_height"):
        convert_options({"min_height": 0}, MediaPipePose.Options, "poses mediapipe")


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> str:
    """A library named mediapipe for the process to find, and a model for it."""
    (folder / "mediapipe.py").write_text(code)
    (folder / "some.task").write_bytes(b"a model")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return str(folder / "some.task")


def test_a_library_that_cannot_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = stand_in(tmp_path, monkeypatch, "raise OSError('libGLESv2.so.2: cannot open shared object file')")
    with pytest.raises(PluginNotFound, match=r"libGLESv2\.so\.2.*pip install 'restride\[pose\]'"):
        MediaPipePose(MediaPipePose.Options(model=model))


DIES = """
import os
from types import SimpleNamespace

class Landmarker:
    @staticmethod
    def create_from_options(options):
        return Landmarker()
    def detect_for_video(self, image, time):
        os._exit(7)

tasks = SimpleNamespace(
    BaseOptions=SimpleNamespace,
    vision=SimpleNamespace(
        PoseLandmarker=Landmarker, PoseLandmarkerOptions=SimpleNamespace, RunningMode=SimpleNamespace(VIDEO=1)
    ),
)
Image = SimpleNamespace
ImageFormat = SimpleNamespace(SRGB=1)
"""


def test_a_tracklet_that_it_dies_of_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estimator = MediaPipePose(MediaPipePose.Options(model=stand_in(tmp_path, monkeypatch, DIES)))
    with pytest.raises(RecordInvalid, match=r"tracklet door/e1/1/0: no poses, in two attempts:.*exit code 7"):
        estimator.estimate(painted_walk(shots=2))
    small = tracklet([painted_crop(0, height=12)])
    assert estimator.estimate(small) == [None]  # and it goes on
