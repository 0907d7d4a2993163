"""The sizes of a LISA model: CLIP's vision tower, Llama, SAM and the two projections between them."""

from __future__ import annotations

from typing import Any, Literal

from transformers import CLIPVisionConfig, LlamaConfig, PretrainedConfig, SamConfig


class LisaConfig(PretrainedConfig):  # type: ignore[misc]
    """What a :class:`~tools.segmenting.lisa.model.Lisa` is built from.

    ``select_layer`` is the hidden state of CLIP that the language model sees (-2: the one before the last
    layer). ``vision_fit`` is how a picture becomes CLIP's square: "crop" (the published models: the
    shortest side is scaled and the middle kept) or "squash" (the whole picture, its aspect lost). The
    segmentation token's embedding has the width of SAM's prompts,
    ``sam_config.prompt_encoder_config.hidden_size``. ``presence`` are the fields of a
    :class:`~tools.segmenting.lisa.presence.Presence`, for a model that decides by such a rule.
    ``follow_edges``: its masks are coarse, and better led by the picture's edges
    (``guided_filter``). ``names``: all kinds of things that it knows, for a model that knows a handful; a
    map of the picture (``panoptic``) may then say what there is, and where.
    ``pairs``: those of them that are pairs and are spoken of in the plural.
    """

    model_type = "inpalla-lisa"
    sub_configs = {  # noqa: RUF012 - transformers' own protocol
        "vision_config": CLIPVisionConfig,
        "text_config": LlamaConfig,
        "sam_config": SamConfig,
    }

    def __init__(
        self,
        vision_config: CLIPVisionConfig | dict[str, Any] | None = None,
        text_config: LlamaConfig | dict[str, Any] | None = None,
        sam_config: SamConfig | dict[str, Any] | None = None,
        select_layer: int = -2,
        vision_fit: Literal["crop", "squash"] = "crop",
        presence: dict[str, Any] | None = None,
        follow_edges: bool = False,
        names: list[str] | None = None,
        pairs: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.vision_config = _config(CLIPVisionConfig, vision_config)
        self.text_config = _config(LlamaConfig, text_config)
        self.sam_config = _config(SamConfig, sam_config)
        self.select_layer = select_layer
        self.vision_fit = vision_fit
        self.presence = presence
        self.follow_edges = follow_edges
        self.names = list(names or ())
        self.pairs = list(pairs or ())
        super().__init__(**kwargs)


def _config(kind: Any, given: Any) -> Any:
    if given is None:
        return kind()
    return kind(**given) if isinstance(given, dict) else given
