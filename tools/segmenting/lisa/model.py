"""LISA (Lai et al. 2023, arXiv 2308.00692): a multimodal language model whose [SEG] token is decoded into
a mask.

One class for every size: CLIP's vision tower and Llama read the picture and the question, SAM encodes the
picture a second time, and the hidden state that predicts ``[SEG]`` becomes the only prompt of SAM's mask
decoder. All parts are transformers' own. The model knows tensors only; pictures, words and templates are
prepared in ``processing`` and ``text``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import torch
from torch import Tensor, nn
from transformers import CLIPVisionModel, DynamicCache, LlamaForCausalLM, PreTrainedModel, SamModel

from tools.segmenting.lisa import decoder
from tools.segmenting.lisa.config import LisaConfig

IMAGE_PLACEHOLDER = -200
"""The id that stands for the picture in token ids; replaced by the projected vision tokens."""


@dataclass(frozen=True)
class PictureFeatures:
    """A picture as LISA keeps it between questions.

    ``tokens``: (n, patches, hidden) for the language model. ``embedding``: (n, channels, h, w) of SAM.
    """

    tokens: Tensor
    embedding: Tensor


@dataclass(frozen=True)
class Prefix:
    """The beginning of a conversation about one picture, read once: the keys and values of each layer,
    (1, heads, t, head width), and the ``ids`` (with the placeholder) that they stand for.
    """

    ids: list[int]
    layers: list[tuple[Tensor, Tensor]]

    def shared(self, prompts: list[Tensor]) -> int:
        """With how many of the ids all prompts begin; 0 where the picture is not among those."""
        rest = min(len(ids) for ids in prompts) - 1  # what predicts the next token is read anew
        columns = zip(self.ids[:rest], *(ids.tolist() for ids in prompts), strict=False)
        common = [column[0] for column in takewhile(lambda each: len(set(each)) == 1, columns)]
        return len(common) if IMAGE_PLACEHOLDER in common else 0

    def cache(self, rows: int, count: int) -> DynamicCache:
        """A cache for a batch that goes on after ``count`` of the ids; what is added to it does not change
        the prefix.
        """
        made = DynamicCache()
        for number, (keys, values) in enumerate(self.layers):
            length = keys.shape[2] - (len(self.ids) - count)
            first = (each[:, :, :length].expand(rows, -1, -1, -1) for each in (keys, values))
            made.update(*first, number)
        return made


@dataclass(frozen=True)
class Answer:
    """What the language model said to one question.

    ``ids``: the generated token ids without the end token. ``seg_embeddings``: (number of [SEG], prompt
    width), in the order of the text. ``seg_probability``: the probability of the first [SEG] when it was
    said (0 without one), or, where none was said, the largest probability that [SEG] had at any position.
    ``ended``: whether the model said all that it had to say.
    """

    ids: list[int]
    seg_embeddings: Tensor
    seg_probability: float
    ended: bool


class Lisa(PreTrainedModel):  # type: ignore[misc]
    """CLIP vision tower + Llama + SAM. See the module's docstring for the flow."""

    config_class = LisaConfig
    base_model_prefix = "lisa"
    _supports_sdpa = True
    # SAM's prompt encoder shares the positions of SAM itself.
    _tied_weights_keys: dict[str, str] = {  # noqa: RUF012 - transformers' protocol
        f"sam.{copy}.positional_embedding": "sam.shared_image_embedding.positional_embedding"
        for copy in ("prompt_encoder.shared_embedding",)
    }

    def __init__(self, config: LisaConfig) -> None:
        super().__init__(config)
        hidden = config.text_config.hidden_size
        prompt = config.sam_config.prompt_encoder_config.hidden_size
        self.vision_tower = CLIPVisionModel(config.vision_config)
        self.mm_projector = nn.Linear(config.vision_config.hidden_size, hidden)
        self.language_model = LlamaForCausalLM(config.text_config)
        self.text_hidden_fcs = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, prompt))
        self.sam = SamModel(config.sam_config)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """The parts have initialised themselves; only our own projections are left."""
        if isinstance(module, nn.Linear) and (
            module is self.mm_projector or module in list(self.text_hidden_fcs)
        ):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)

    def encode_vision(self, pixels: Tensor) -> Tensor:
        """CLIP pixels (n, 3, s, s) to language-model tokens (n, patches, hidden): CLS dropped, then
        projected.
        """
        states = self.vision_tower(pixels.to(self.mm_projector.weight.dtype), output_hidden_states=True)
        features = states.hidden_states[self.config.select_layer][:, 1:]
        projected: Tensor = self.mm_projector(features)
        return projected

    def encode_sam(self, pixels: Tensor) -> Tensor:
        """SAM pixels (n, 3, S, S), normalised and padded, to the image embedding (n, channels, S/patch,
        S/patch).
        """
        weight = self.sam.vision_encoder.patch_embed.projection.weight
        made: Tensor = self.sam.vision_encoder(pixels.to(weight.dtype)).last_hidden_state
        return made

    def encode_picture(self, vision_pixels: Tensor, sam_pixels: Tensor) -> PictureFeatures:
        """Everything that depends on the picture alone."""
        return PictureFeatures(self.encode_vision(vision_pixels), self.encode_sam(sam_pixels))

    def embed(self, ids: Tensor, tokens: Tensor) -> Tensor:
        """Embed token ids (t,) with one ``IMAGE_PLACEHOLDER`` and put the picture's ``tokens`` (patches,
        hidden) there.

        Returns (t - 1 + patches, hidden).
        """
        words = self.language_model.get_input_embeddings()
        at = int((ids == IMAGE_PLACEHOLDER).nonzero()[0])
        return torch.cat([words(ids[:at]), tokens.to(words.weight.dtype), words(ids[at + 1 :])])

    def project_seg(self, hidden: Tensor) -> Tensor:
        """Hidden states that predict [SEG] (n, hidden) to prompts of the mask decoder (n, prompt width)."""
        made: Tensor = self.text_hidden_fcs(hidden.to(next(self.text_hidden_fcs.parameters()).dtype))
        return made

    def decode_masks(self, seg: Tensor, embedding: Tensor) -> Tensor:
        """Mask logits (b, n, 4h, 4w) of n [SEG] embeddings (b, n, prompt width) on each of b SAM
        embeddings (b, c, h, w).

        Each [SEG] embedding is a separate prompt with a single sparse token; the dense prompt is "no
        mask" and the answer is mask token 0.
        """
        (batch, count), (height, width) = seg.shape[:2], embedding.shape[-2:]
        if count == 0:
            return embedding.new_zeros((batch, 0, 4 * height, 4 * width))
        kind = embedding.dtype
        dense = self.sam.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1).to(kind)
        positions = self.sam.get_image_wide_positional_embeddings().to(kind)
        return decoder.decode(self.sam.mask_decoder, embedding + dense, positions, seg.to(kind))

    @torch.no_grad()
    def prefix(self, ids: Tensor, tokens: Tensor) -> Prefix:
        """Read the beginning of a prompt (t,), up to its picture (patches, hidden) or further, for ``read``
        and ``answer``.
        """
        cache = DynamicCache()
        embedded = self.embed(ids.to(tokens.device), tokens)[None]
        self.language_model.model(inputs_embeds=embedded, past_key_values=cache, use_cache=True)
        return Prefix(ids.tolist(), [(layer.keys, layer.values) for layer in cache.layers])

    def _begun(
        self, prompts: list[Tensor], tokens: Tensor, prefix: Prefix | None
    ) -> tuple[Tensor, Tensor, Tensor, DynamicCache]:
        """Prompts about one picture after their prefix, padded on the left: embeddings (n, t, hidden), mask
        (n, prefix + t), positions (n, t), and the cache with the prefix in it.

        Of the prefix counts what all prompts begin with.
        """
        known = prefix.shared(prompts) if prefix is not None else 0
        if prefix is not None and known:
            cache = prefix.cache(len(prompts), known)
            words = self.language_model.get_input_embeddings()
            embedded = [words(ids[known:].to(tokens.device)) for ids in prompts]
        else:
            cache = DynamicCache()
            embedded = [self.embed(ids.to(tokens.device), tokens) for ids in prompts]
        longest, before = max(len(e) for e in embedded), cache.get_seq_length()
        inputs = embedded[0].new_zeros((len(embedded), longest, embedded[0].shape[-1]))
        mask = torch.zeros(len(embedded), before + longest, dtype=torch.long, device=tokens.device)
        mask[:, :before] = 1
        for row, e in enumerate(embedded):
            inputs[row, longest - len(e) :] = e
            mask[row, before + longest - len(e) :] = 1
        return inputs, mask, (mask.cumsum(1) - 1).clamp(min=0)[:, before:], cache

    def _step(self, inputs: Tensor, positions: Tensor, cache: DynamicCache) -> Tensor:
        """The states of one token more (n, 1, hidden), where no prompt is padded: the layers alone.

        Then nothing is masked, and what transformers does around its layers at every token (masks, records of
        outputs) takes a quarter of a small model's time.
        """
        model = self.language_model.model
        turned = model.rotary_emb(inputs, position_ids=positions)
        states = inputs
        for layer in model.layers:
            states = layer(
                states,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                position_embeddings=turned,
            )
        last: Tensor = model.norm(states)
        return last

    @torch.no_grad()
    def read(
        self, prompts: list[Tensor], tokens: Tensor, said: list[int], prefix: Prefix | None = None
    ) -> Tensor:
        """The states that predict each token of ``said``, and the one after it, when that is the answer.

        ``prompts``, ``tokens`` and ``prefix`` as for ``answer``. Returns (n, len(said) + 1, hidden).
        """
        whole = [torch.cat([ids, torch.tensor(said, dtype=ids.dtype, device=ids.device)]) for ids in prompts]
        inputs, mask, positions, cache = self._begun(whole, tokens, prefix)
        states: Tensor = self.language_model.model(
            inputs_embeds=inputs,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        return states[:, -len(said) - 1 :]

    @torch.no_grad()
    def answer(
        self,
        prompts: list[Tensor],
        tokens: Tensor,
        *,
        seg_id: int,
        end_id: int,
        max_new_tokens: int = 64,
        cancelled: Any = None,
        prefix: Prefix | None = None,
    ) -> list[Answer]:
        """Answer several questions about one picture greedily, in one batch and with a key-value cache.

        ``prompts``: token ids (t,) each with one ``IMAGE_PLACEHOLDER``; ``tokens``: the picture's
        (patches, hidden). Prompts are padded on the left; padding changes nothing. ``cancelled()`` is
        asked once a token; when it says yes the answers so far are returned. ``prefix``, of the same picture,
        saves reading again what the prompts have in common.
        """
        inputs, mask, positions, cache = self._begun(prompts, tokens, prefix)
        said: list[list[int]] = [[] for _ in prompts]
        segs: list[list[Tensor]] = [[] for _ in prompts]
        first = [0.0] * len(prompts)
        best = [0.0] * len(prompts)
        going = [True] * len(prompts)
        padded = len({len(ids) for ids in prompts}) > 1
        for step in range(max_new_tokens):
            if step and not padded:
                states = self._step(inputs, positions, cache)
            else:
                states = self.language_model.model(
                    inputs_embeds=inputs,
                    attention_mask=mask if padded else None,
                    position_ids=positions,
                    past_key_values=cache,
                    use_cache=True,
                ).last_hidden_state
            hidden = states[:, -1]
            logits = self.language_model.lm_head(hidden).float()
            chosen = logits.argmax(-1)
            seg_probability = logits.softmax(-1)[:, seg_id]
            for row, token in enumerate(chosen.tolist()):
                if not going[row]:
                    continue
                best[row] = max(best[row], float(seg_probability[row]))
                if token == end_id:
                    going[row] = False
                    continue
                said[row].append(token)
                if token == seg_id:
                    if not segs[row]:
                        first[row] = float(seg_probability[row])
                    segs[row].append(hidden[row])
            if not any(going) or (cancelled is not None and cancelled()):
                break
            inputs = self.language_model.get_input_embeddings()(chosen)[:, None]
            mask = torch.cat([mask, mask.new_ones((len(prompts), 1))], dim=1)
            positions = positions[:, -1:] + 1
        width = self.config.sam_config.prompt_encoder_config.hidden_size
        return [
            Answer(
                ids,
                self.project_seg(torch.stack(found)) if found else tokens.new_zeros((0, width)),
                first[row] if found else best[row],
                not going[row],
            )
            for row, (ids, found) in enumerate(zip(said, segs, strict=True))
        ]
