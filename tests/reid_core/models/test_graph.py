"""The graphs: distances, masks, exact zeros, and that it does not matter in which order joints are named."""

import pytest
import torch
from torch import Tensor, nn

from reid_core.models.graph import bone_neighbours, hops, masked_softmax, near_in_time
from reid_core.models.graph_attention import GraphAttention
from reid_core.models.graph_convolution import GraphConvolution
from reid_core.models.skeleton_branch import GaitBranch, ShapeBranch
from reid_core.models.spatio_temporal import SpatioTemporalAttention
from reid_core.pose.skeleton import BONES, JOINT_COUNT, joint

DISTANCE = hops(JOINT_COUNT, BONES)
PERMUTED = torch.randperm(JOINT_COUNT, generator=torch.Generator().manual_seed(4))


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def nodes_and_seen(frames: int = 7, channels: int = 6) -> tuple[Tensor, Tensor]:
    seen = torch.rand(2, frames, JOINT_COUNT) > 0.3
    nodes = torch.randn(2, frames, JOINT_COUNT, channels)
    return nodes.masked_fill(~seen[..., None], 0), seen


def test_hops_of_the_skeleton() -> None:
    head, hip, left, right = joint("head"), joint("left_hip"), joint("left_foot"), joint("right_hand")
    assert [int(DISTANCE[head, each]) for each in (head, joint("neck"), hip, left)] == [0, 1, 3, 5]
    assert int(DISTANCE[right, left]) == 6  # hand, elbow, shoulder, hip, hip, knee, foot
    assert torch.equal(DISTANCE, DISTANCE.T)
    assert int(DISTANCE.max()) < JOINT_COUNT  # in one piece
    assert int(bone_neighbours(DISTANCE).sum()) == JOINT_COUNT + 2 * len(BONES)
    assert hops(3, [(0, 1)]).tolist() == [[0, 1, 3], [1, 0, 3], [3, 3, 0]]


def test_near_in_time_is_the_shortest_path_of_the_graph_through_time() -> None:
    frames, most = 9, 3
    bones = [(t * JOINT_COUNT + a, t * JOINT_COUNT + b) for t in range(frames) for a, b in BONES]
    bones += [(n, n + JOINT_COUNT) for n in range((frames - 1) * JOINT_COUNT)]
    whole = hops(frames * JOINT_COUNT, bones).reshape(frames, JOINT_COUNT, frames, JOINT_COUNT)
    middle = whole[4, :, 4 - most : 4 + most + 1]  # (J, 2D + 1, J)
    assert torch.equal(near_in_time(DISTANCE, most), middle <= most)


def test_softmax_where_allowed() -> None:
    allowed = torch.tensor([[True, False, True], [False, False, False]])
    weights = masked_softmax(torch.tensor([[0.0, 1e9, 0], [1, 2, 3]]), allowed, dim=-1)
    assert weights.tolist() == [[0.5, 0, 0.5], [0, 0, 0]]


def test_masked_pairs_of_the_shape_graph_have_exactly_no_weight() -> None:
    layer = GraphAttention(6, 5, 3, bone_neighbours(DISTANCE))
    nodes, seen = nodes_and_seen()
    weights = layer.weights(layer.theta(nodes), seen)
    allowed = bone_neighbours(DISTANCE) & seen[..., None, :] & seen[..., None]
    assert not weights[~allowed].any()
    assert (weights[allowed] > 0).all()
    assert torch.allclose(weights.sum(-1), seen.float())
    even = GraphConvolution(6, 5, bone_neighbours(DISTANCE)).weights(seen)
    assert torch.equal(even > 0, allowed)
    assert torch.allclose(even.sum(-1), seen.float())


@pytest.mark.parametrize("content", [True, False])
def test_masked_pairs_through_time_have_exactly_no_weight(content: bool) -> None:
    near = near_in_time(DISTANCE, 2)
    layer = SpatioTemporalAttention(6, 5, 3, near, content=content)
    nn.init.normal_(layer.importance)
    nodes, seen = nodes_and_seen()
    values = layer.theta(nodes).reshape(2, 7, JOINT_COUNT, 3, 5).permute(0, 3, 1, 2, 4)
    weights = layer.weights(values, seen)
    assert weights.shape == (2, 3, 7, JOINT_COUNT, 5, JOINT_COUNT)
    for time in range(7):
        for w in range(5):
            other = time + w - 2
            there = seen[:, other] if 0 <= other < 7 else torch.zeros_like(seen[:, 0])
            allowed = near[:, w] & there[:, None, :] & seen[:, time, :, None]
            here = weights[:, :, time, :, w].transpose(0, 1)
            assert not here[:, ~allowed].any()
            assert (here[:, allowed] > 0).all()
    assert torch.allclose(weights.sum((-1, -2)), seen[:, None].float().expand(-1, 3, -1, -1), atol=1e-6)


def test_attention_through_time_equals_a_plain_loop() -> None:
    near = near_in_time(DISTANCE, 1)
    layer = SpatioTemporalAttention(4, 3, 2, near)
    nn.init.normal_(layer.importance)
    nodes, seen = nodes_and_seen(frames=3, channels=4)
    assert layer.asks is not None
    assert layer.answers is not None
    values = layer.theta(nodes).reshape(2, 3, JOINT_COUNT, 2, 3)
    expected = torch.zeros(2, 3, JOINT_COUNT, 3)
    for b, t, i in seen.nonzero().tolist():
        for head in range(2):
            scores, gathered = [], []
            for w in range(3):
                for j in range(JOINT_COUNT):
                    u = t + w - 1
                    if 0 <= u < 3 and near[i, w, j] and seen[b, u, j]:
                        ask = values[b, t, i, head] @ layer.asks[head] + values[b, u, j, head] @ layer.answers[head]
                        scores.append(nn.functional.leaky_relu(ask, 0.2) + layer.importance[head, i, w, j])
                        gathered.append(values[b, u, j, head])
            expected[b, t, i] += torch.stack(scores).softmax(0) @ torch.stack(gathered) / 2
    assert torch.allclose(layer(nodes, seen), nn.functional.elu(expected), atol=1e-5)


@pytest.mark.parametrize("attention", [True, False])
def test_a_permutation_of_joints_with_their_graph_changes_nothing(attention: bool) -> None:
    nodes, seen = nodes_and_seen()
    there = DISTANCE[PERMUTED][:, PERMUTED]
    shape, other_shape = (ShapeBranch(6, (5, 4), 2, graph, attention=attention).eval() for graph in (DISTANCE, there))
    other_shape.load_state_dict(shape.state_dict())
    assert torch.allclose(shape(nodes, seen), other_shape(nodes[:, :, PERMUTED], seen[:, :, PERMUTED]), atol=1e-5)

    gait, other_gait = (
        GaitBranch(6, (5, 4), 2, graph, most_steps=3, attention=attention, content=True).eval()
        for graph in (DISTANCE, there)
    )
    state = gait.state_dict()
    for key in state:
        if key.endswith("importance"):  # W_s belongs to the graph
            state[key] = torch.randn(state[key].shape)
    gait.load_state_dict(state)
    moved = {
        key: value[:, PERMUTED][..., PERMUTED] if key.endswith("importance") else value for key, value in state.items()
    }
    other_gait.load_state_dict(moved)
    assert torch.allclose(gait(nodes, seen), other_gait(nodes[:, :, PERMUTED], seen[:, :, PERMUTED]), atol=1e-5)
    unmoved = gait(nodes[:, :, PERMUTED], seen[:, :, PERMUTED])
    assert not torch.allclose(gait(nodes, seen), unmoved, atol=1e-3)
