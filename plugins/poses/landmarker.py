"""The process that MediaPipe runs in: pictures of one tracklet in, 33 landmarks a picture out.

landmarker_process.py starts it and says why MediaPipe has a process of its own.
"""

import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from plugins.poses.landmarker_messages import (
    LANDMARKS,
    Answer,
    Failure,
    Picture,
    Ready,
    Reply,
    Settings,
    decode_pictures,
    decode_settings,
    encode,
)


def serve(connection: Connection, settings: Settings) -> None:
    """Until the other end closes."""
    try:
        mediapipe = _mediapipe()
    except (ImportError, OSError) as error:  # OSError: a library of the system that it needs is not there
        connection.send_bytes(encode(Failure(_line(error), missing_library=True)))
        return
    try:
        model = Path(settings.model).read_bytes()
        landmarker = _made(mediapipe, model, settings)
    except (ValueError, RuntimeError, OSError) as error:
        connection.send_bytes(encode(Failure(_line(error))))
        return
    connection.send_bytes(encode(Ready()))
    while True:
        try:
            pictures = decode_pictures(connection.recv_bytes())
        except EOFError:
            return
        connection.send_bytes(encode(_answer(mediapipe, landmarker, pictures)))
        # A new one for each tracklet: see there. Made ahead, while nobody waits
        landmarker.close()
        landmarker = _made(mediapipe, model, settings)


def _mediapipe() -> Any:
    import mediapipe

    return mediapipe


def _made(mediapipe: Any, model: bytes, settings: Settings) -> Any:
    vision = mediapipe.tasks.vision
    return vision.PoseLandmarker.create_from_options(
        vision.PoseLandmarkerOptions(
            base_options=mediapipe.tasks.BaseOptions(model_asset_buffer=model),
            running_mode=vision.RunningMode.VIDEO,
            min_pose_detection_confidence=settings.detection,
            min_pose_presence_confidence=settings.presence,
            min_tracking_confidence=settings.tracking,
        )
    )


def _answer(mediapipe: Any, landmarker: Any, pictures: list[Picture]) -> Reply:
    try:
        return Answer([_landmarks(mediapipe, landmarker, picture) for picture in pictures])
    except (ValueError, RuntimeError, TimeoutError) as error:
        return Failure(_line(error))


def _landmarks(mediapipe: Any, landmarker: Any, picture: Picture) -> bytes | None:
    pixels = np.frombuffer(picture.pixels, dtype=np.uint8).reshape(picture.height, picture.width, 3)
    image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=pixels)
    result = landmarker.detect_for_video(image, picture.milliseconds)
    if not result.pose_world_landmarks:
        return None
    [world], [flat] = result.pose_world_landmarks, result.pose_landmarks
    rows = [
        (metres.x, metres.y, metres.z, part.x * picture.width, part.y * picture.height, part.visibility)
        for metres, part in zip(world, flat, strict=True)
    ]
    landmarks = np.array(rows, dtype=np.float32)
    # a pose with numbers that are none is no pose
    return landmarks.tobytes() if landmarks.shape == LANDMARKS and np.isfinite(landmarks).all() else None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; whoever started us decides
    serve(Connection(int(sys.argv[1])), decode_settings(sys.argv[2]))
