"""SCI (Semantic Contextual Integration): CLIP's text says what of a person is not clothes, and guides the pictures.

Stage `prompts`: both towers stand still, the words of two sentences are learned for each person and for each class of
clothes (SSE: separation.py). Stage `image`: the image tower learns, guided by the persons' texts (SIM: interaction.py).
"""

from typing import Annotated, Literal, Self

import torch
from msgspec import Meta
from torch import Tensor, distributed, nn

from reid_core import options
from reid_core.data.batches import ImageBatch
from reid_core.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from reid_core.errors import ConfigInvalid, DataSetInvalid
from reid_core.losses.clothes_adversarial import clothes_adversarial, clothes_loss
from reid_core.losses.contrastive import multi_positive
from reid_core.losses.cosines import cosines
from reid_core.losses.identity import identity_loss
from reid_core.models.asgl_inputs import CueBatch
from reid_core.models.clip.image_tower import RN50_BLOCKS, ImageTower
from reid_core.models.clip.tokens import CLOTHES_TEMPLATE, PERSON_TEMPLATE
from reid_core.models.clip.towers import Clip
from reid_core.models.heads import bn_neck, classifier
from reid_core.models.image_inputs import ImageInputs, PictureShape
from reid_core.models.interaction import NonLocal, TextGuidance, asked_of_bank
from reid_core.models.pooling import spatial_mean
from reid_core.models.prompts import Prompts
from reid_core.models.separation import orthogonal, separation_loss
from reid_core.records import FUSED

# What CLIP was trained on; red, green, blue of pictures in 0 to 1
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

Positive = Annotated[int, Meta(ge=1)]
Blocks = tuple[Positive, Positive, Positive, Positive]


class Sci(nn.Module):
    class Options(options.Options, frozen=True):
        persons: Positive  # classes of training
        clothes: Annotated[int, Meta(ge=0)] = 0  # classes of training; 0: no labels, each person has one sentence
        picture: PictureShape = PictureShape()  # the paper's number is lost; CLIP-ReID's
        last_stride: Literal[1, 2] = 1  # of the image tower; 1 doubles the map, as in re-identification
        text_at_test: Literal["bank", "off"] = "bank"  # all training persons' texts guide the pictures, or none does
        # What is compared. CLIP-ReID takes what lies before its BN necks, which a triplet loss has shaped; SCI has no
        # such loss, and its classifiers see what lies after them (our choice)
        feature_at_test: Literal["after_neck", "before_neck"] = "after_neck"
        cache_features: bool = False  # stage prompts: look at each picture once; right only without augmentation
        context: Positive = 4  # M, learned words of a sentence
        alpha: Annotated[float, Meta(ge=0)] = 1.0  # of L_sim: near the person's text; our choice
        beta: Annotated[float, Meta(ge=0)] = 0.1  # of L_sim: away from the clothes' texts; our choice
        # The clothes' sentences learn from pictures as the persons' do; 0: eq. 12 to the letter, which has them learn
        # nothing of pictures (our choice)
        clothes_contrast: Annotated[float, Meta(ge=0)] = 1.0
        epsilon: Annotated[float, Meta(ge=0, le=1)] = 0.1  # of L_cal
        cal_scale: Annotated[float, Meta(gt=0)] = 16.0  # of L_cal, 1 / tau
        smoothing: Annotated[float, Meta(ge=0, lt=1)] = 0.1  # of the labels of L_id and L_i2tce
        dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.1  # in SIM
        # CLIP's RN50; smaller ones have no published weights
        blocks: Blocks = RN50_BLOCKS
        image_channels: Annotated[int, Meta(ge=2, multiple_of=2)] = 64  # of the stem; the map has 32 times as many
        embedding: Positive = 1024  # of pictures and texts
        text_width: Positive = 512
        text_layers: Positive = 12
        text_heads: Positive = 8

    stages: tuple[str, ...] = ("prompts", "image")

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.picture = options.picture
        self.heatmap_joints = 0
        self.wants_parsing = False
        self.towers = _towers(options)
        channels = self.towers.visual.channels
        sentences = options.clothes or options.persons
        self.person_prompts = Prompts(PERSON_TEMPLATE, options.persons, options.context, options.text_width)
        self.clothes_prompts = Prompts(CLOTHES_TEMPLATE, sentences, options.context, options.text_width)
        self.non_local = NonLocal(channels)
        self.guidance = TextGuidance(channels, options.embedding, options.dropout)
        self.map_neck, self.vector_neck = bn_neck(channels), bn_neck(options.embedding)
        self.map_classifier = classifier(channels, options.persons)
        self.vector_classifier = classifier(options.embedding, options.persons)
        features = channels + options.embedding
        self.clothes_classifier = classifier(features, options.clothes) if options.clothes else None
        self.bank: Tensor  # F_o of every training person, made when stage `image` begins
        self.register_buffer("bank", torch.zeros(options.persons, options.embedding))
        self.wearer: Tensor  # whose clothes these are, as far as training has seen; -1: not yet
        self.register_buffer("wearer", torch.full((sentences,), -1, dtype=torch.int64))
        self._features: dict[int, Tensor] = {}  # by sample, in stage `prompts`
        self._stage = ""
        self._train_only("prompts")

    def forward(self, inputs: ImageInputs) -> dict[str, CueBatch]:
        """The mean of the map beside the guided vector: 2048 and 1024."""
        mean, vectors = self._look(inputs.pictures, guided=self.options.text_at_test == "bank")
        if self.options.feature_at_test == "after_neck":
            mean, vectors = self.map_neck(mean), self.vector_neck(vectors)
        cue = CueBatch(torch.cat([mean, vectors], dim=1), mean.new_ones(len(mean)))
        return {FUSED: cue, "appearance": cue}

    def losses(self, batch: ImageBatch) -> dict[str, Tensor]:
        clothes = self._clothes(batch)
        self.wearer[clothes] = batch.persons
        return self._prompt_losses(batch, clothes) if self._stage == "prompts" else self._image_losses(batch, clothes)

    def begin_stage(self, name: str) -> None:
        """What learns in this stage, and nothing else does."""
        if name not in self.stages:
            raise ConfigInvalid(f"sci: no stage {name!r}; it has {', '.join(self.stages)}")
        self._train_only(name)
        self._features.clear()
        if name == "image":
            self._fill_bank()

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        if self._stage == "prompts":
            self.towers.visual.eval()  # frozen: so are the statistics of its norms
        return self

    def _prompt_losses(self, batch: ImageBatch, clothes: Tensor) -> dict[str, Tensor]:
        """Eq. 12: L_i2t + L_t2i + L_sim."""
        pictures, scale = self._frozen_vectors(batch), self.towers.scale()
        of_person = self.person_prompts(self.towers, batch.persons)  # F_id
        of_clothes = self.clothes_prompts(self.towers, clothes)  # F_clo
        texts = orthogonal(of_person, of_clothes)  # F_o
        found = {
            "i2t": multi_positive(pictures, texts, batch.persons, scale),
            "t2i": multi_positive(texts, pictures, batch.persons, scale),
            "sim": separation_loss(texts, of_person, of_clothes, self.options.alpha, self.options.beta),
        }
        if self.options.clothes and self.options.clothes_contrast:
            both = multi_positive(pictures, of_clothes, clothes, scale)
            both = both + multi_positive(of_clothes, pictures, clothes, scale)
            found["clothes"] = self.options.clothes_contrast * both
        return {**found, "total": _sum(found)}

    def _image_losses(self, batch: ImageBatch, clothes: Tensor) -> dict[str, Tensor]:
        """Eq. 21: L_id + L_cal + L_i2tce."""
        smoothing = self.options.smoothing
        mean, vectors = self._look(batch.pictures, guided=True)
        necked = self.map_neck(mean), self.vector_neck(vectors)
        found = {
            "id": identity_loss(self.map_classifier(necked[0]), batch.persons, smoothing)
            + identity_loss(self.vector_classifier(necked[1]), batch.persons, smoothing),
            "i2tce": identity_loss(self.towers.scale() * cosines(vectors, self.bank), batch.persons, smoothing),
        }
        if self.clothes_classifier is not None:
            features, weight = torch.cat(necked, dim=1), self.clothes_classifier.weight
            own = self.wearer[None] == batch.persons[:, None]
            epsilon, scale = self.options.epsilon, self.options.cal_scale
            found["cal"] = clothes_adversarial(features, weight, clothes, own, epsilon, scale)
            found["clothes"] = clothes_loss(features, weight, clothes, scale)
        return {**found, "total": _sum(found)}

    def _look(self, pictures: Tensor, *, guided: bool) -> tuple[Tensor, Tensor]:
        """Mean of the map (B, C) and vector (B, D), guided by the texts or as it is."""
        maps = self.non_local(self.towers.visual.feature_map(_as_clip(pictures)))
        vectors = self.towers.visual.attnpool(maps)
        if guided:
            texts = asked_of_bank(vectors, self.bank, self.towers.scale())
            vectors = self.guidance(vectors, texts, maps)
        return spatial_mean(maps), vectors

    @torch.no_grad()
    def _frozen_vectors(self, batch: ImageBatch) -> Tensor:
        if not self.options.cache_features:
            vectors: Tensor = self.towers.visual(_as_clip(batch.pictures))
            return vectors
        places = batch.samples.tolist()
        new = [i for i, place in enumerate(places) if place not in self._features]
        if new:
            fresh = self.towers.visual(_as_clip(batch.pictures[new]))
            self._features.update(zip([places[i] for i in new], fresh.unbind(), strict=True))
        return torch.stack([self._features[place] for place in places])

    def _clothes(self, batch: ImageBatch) -> Tensor:
        if not self.options.clothes:
            return batch.persons
        if bool((batch.clothes < 0).any()):
            raise DataSetInvalid("sci: a training picture has no label of clothes; train with clothes: 0")
        return batch.clothes

    @torch.no_grad()
    def _fill_bank(self) -> None:
        """Each person's F_o: the mean over the clothes they were seen in; F_id where none was seen."""
        if distributed.is_available() and distributed.is_initialized():
            distributed.all_reduce(self.wearer, distributed.ReduceOp.MAX)  # each process has seen its own share
        persons = torch.arange(self.options.persons, device=self.bank.device)
        of_person = self.person_prompts(self.towers, persons)
        worn = (self.wearer >= 0).nonzero()[:, 0]
        whose = self.wearer[worn]
        texts = orthogonal(of_person[whose], self.clothes_prompts(self.towers, worn)) if len(worn) else of_person[whose]
        count = torch.bincount(whose, minlength=len(persons))[:, None]
        total = torch.zeros_like(of_person).index_add_(0, whose, texts)
        self.bank.copy_(torch.where(count > 0, total / count.clamp(min=1), of_person))

    def _train_only(self, stage: str) -> None:
        self._stage = stage
        learning: tuple[nn.Module | None, ...] = (self.person_prompts, self.clothes_prompts)
        if stage == "image":
            learning = (
                self.towers.visual,
                self.non_local,
                self.guidance,
                self.map_neck,
                self.vector_neck,
                self.map_classifier,
                self.vector_classifier,
                self.clothes_classifier,
            )
        self.requires_grad_(False)
        for module in learning:
            if module is not None:
                module.requires_grad_(True)
        self.map_neck.bias.requires_grad_(False)
        self.vector_neck.bias.requires_grad_(False)
        self.train(self.training)


def _towers(options: Sci.Options) -> Clip:
    visual = ImageTower(
        options.picture.height,
        options.picture.width,
        blocks=options.blocks,
        channels=options.image_channels,
        output=options.embedding,
        last_stride=options.last_stride,
    )
    return Clip(visual, width=options.text_width, layers=options.text_layers, heads=options.text_heads)


def _as_clip(pictures: Tensor) -> Tensor:
    """From ImageNet's normalisation, which all pictures here have, to CLIP's."""
    mean, std, to_mean, to_std = (
        torch.tensor(each, device=pictures.device).view(3, 1, 1)
        for each in (IMAGENET_MEAN, IMAGENET_STD, CLIP_MEAN, CLIP_STD)
    )
    return (pictures * std + mean - to_mean) / to_std


def _sum(losses: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(losses.values())).sum()
