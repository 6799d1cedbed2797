"""ASGL (Nguyen et al. 2024): appearance f_a, shape f_s and gait f_g of a clip, fused by how much each can say."""

from pathlib import Path

import torch
from torch import Tensor, nn

from reid_core.data.batches import ClipBatch
from reid_core.errors import ConfigInvalid
from reid_core.losses.identity import identity_loss
from reid_core.losses.triplet import batch_hard_triplet
from reid_core.models.adaptive_fusion import AdaptiveFusion
from reid_core.models.asgl_cues import Cues, Seen
from reid_core.models.asgl_inputs import AsglInputs, ClipShape, CueBatch
from reid_core.models.asgl_options import AsglOptions
from reid_core.models.backbones.resnet import ResNet
from reid_core.models.heads import classifier
from reid_core.models.reliability import Reliability, neighbour_is_right, reliability_loss
from reid_core.models.stages import ONE_STAGE, begin_only_stage
from reid_core.records import FUSED


class Asgl(nn.Module):
    class Options(AsglOptions, frozen=True):
        pass

    stages: tuple[str, ...] = ONE_STAGE

    def __init__(self, options: AsglOptions) -> None:
        super().__init__()
        options.check()
        self.options = options
        self.cues = Cues(options)
        widths = dict(self.cues.widths)
        # one cue by itself is not fused: it stands for the clip, as in the rows of the paper's ablation
        several = len(widths) > 1
        self.fusion = (
            AdaptiveFusion(widths, options.fusion_width, by_reliability=options.fuse_by_reliability)
            if several
            else None
        )
        if self.fusion is not None:
            widths[FUSED] = self.fusion.width
        self.reliability = nn.ModuleDict({name: Reliability(width) for name, width in widths.items()})
        trained = [FUSED, *self.cues.widths] if several and options.cue_weight else [FUSED]
        self.classifiers = nn.ModuleDict(
            {name: classifier(widths[name if several else options.cues[0]], options.persons) for name in trained}
        )

    @property
    def clip(self) -> ClipShape:
        return self.options.clip

    @property
    def wants_parsing(self) -> bool:
        return self.options.erasure != "never"

    def forward(self, inputs: AsglInputs) -> dict[str, CueBatch]:
        """`fused`, and each cue by itself."""
        seen = self._look(inputs)
        return {
            name: CueBatch(each.vectors, self._logits(name, each).sigmoid() * each.present)
            for name, each in seen.items()
        }

    def losses(self, batch: ClipBatch) -> dict[str, Tensor]:
        """`total` = lambda_1 L_ce + lambda_2 L_tri of the fused vector, and what is ours beside it."""
        options = self.options
        seen = self._look(batch.inputs)
        found: dict[str, Tensor] = {}
        for name in self.classifiers:
            each = seen[name]
            vectors, persons = each.vectors[each.present], batch.persons[each.present]
            logits = self.classifiers[name](vectors)
            empty = logits.sum() * 0  # where no clip of the batch has the cue
            found[f"{name}_identity"] = identity_loss(logits, persons, options.smoothing) if len(persons) else empty
            found[f"{name}_triplet"] = batch_hard_triplet(vectors, persons, options.margin, options.distance)
        found["reliability"] = self._reliability_loss(seen, batch)
        weighed = {
            name: options.identity_weight * found[f"{name}_identity"]
            + options.triplet_weight * found[f"{name}_triplet"]
            for name in self.classifiers
        }
        total = weighed.pop(FUSED)
        if weighed:
            total = total + options.cue_weight * torch.stack(list(weighed.values())).mean()
        return {"total": total + options.reliability_weight * found["reliability"], **found}

    def begin_stage(self, name: str) -> None:
        """There is one, in which everything trains."""
        begin_only_stage(name)

    def load_torchvision(self, source: str | Path) -> None:
        """ImageNet's weights into the backbone of appearance, by path or by name."""
        branch = self.cues.appearance
        if branch is None or not isinstance(branch.backbone, ResNet):
            raise ConfigInvalid(
                f"networks asgl: torchvision's weights {source} fit a ResNet; this one has "
                f"{'no appearance' if branch is None else f'the backbone {self.options.backbone}'}"
            )
        branch.backbone.load_torchvision(source)

    def _look(self, inputs: AsglInputs) -> dict[str, Seen]:
        """FUSED first."""
        cues: dict[str, Seen] = self.cues(inputs)
        if self.fusion is None:
            [only] = cues.values()
            return {FUSED: only, **cues}
        reliability = {name: self._logits(name, each).sigmoid() * each.present for name, each in cues.items()}
        present = {name: each.present for name, each in cues.items()}
        vectors: Tensor = self.fusion({name: each.vectors for name, each in cues.items()}, present, reliability)
        stacked = torch.stack(list(reliability.values()), dim=1).detach()
        fused = Seen(
            vectors,
            torch.stack(list(present.values()), dim=1).any(dim=1),
            torch.stack([stacked.mean(dim=1), stacked.amax(dim=1)], dim=1),
        )
        return {FUSED: fused, **cues}

    def _logits(self, name: str, seen: Seen) -> Tensor:
        """One cue's reliability; a cue that stands for the clip has no other as the fused one."""
        head = self.reliability[self.options.cues[0] if self.fusion is None else name]
        logits: Tensor = head(seen.vectors, seen.evidence)
        return logits

    def _reliability_loss(self, seen: dict[str, Seen], batch: ClipBatch) -> Tensor:
        """Mean over the cues that can be judged in this batch."""
        terms = []
        for name, each in seen.items():
            if self.fusion is None and name != FUSED:
                continue
            there = each.present
            vectors, persons, clothes = each.vectors[there], batch.persons[there], batch.clothes[there]
            logits = self._logits(name, each)[there]
            if len(persons) < 2:
                terms.append(logits.sum() * 0)
                continue
            right, judged = neighbour_is_right(vectors, persons, clothes)
            kept = logits[judged]
            terms.append(reliability_loss(kept, right[judged]) if len(kept) else logits.sum() * 0)
        return torch.stack(terms).mean()
