"""A tiny LLMDet and a tiny SAM 2.1 with random weights, in the layout of the published repositories."""

from __future__ import annotations

import string
from pathlib import Path

import torch


def write_detector(folder: Path) -> Path:
    """The folder of an LLMDet that finds something for most words, for no reason."""
    from transformers import BertTokenizer, MMGroundingDinoConfig, MMGroundingDinoForObjectDetection

    letters = string.ascii_lowercase
    # The model knows its marks by the numbers that BERT's own vocabulary gives them.
    vocabulary = [f"[unused{number}]" for number in range(1030)]
    vocabulary[0], vocabulary[100], vocabulary[101], vocabulary[102] = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
    vocabulary[103], vocabulary[1012], vocabulary[1029] = "[MASK]", ".", "?"
    for number, letter in enumerate(letters):
        vocabulary[200 + number], vocabulary[300 + number] = letter, f"##{letter}"
    tokenizer = BertTokenizer(vocab={word: number for number, word in enumerate(vocabulary)})
    config = MMGroundingDinoConfig(
        backbone_config={
            "model_type": "swin", "embed_dim": 16, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2],
            "window_size": 4, "image_size": 64, "out_indices": [2, 3, 4],
        },
        text_config={
            "model_type": "bert", "vocab_size": len(vocabulary), "hidden_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 32,
        },
        num_queries=12, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
        d_model=64, encoder_attention_heads=2, decoder_attention_heads=2,
    )  # fmt: skip
    torch.manual_seed(0)
    model = MMGroundingDinoForObjectDetection(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0.0, 0.2)
        for name, parameter in model.named_parameters():
            if "class_embed" in name:
                parameter.fill_(1.0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_drawer(folder: Path) -> Path:
    """The folder of a SAM 2.1. As on the hub it is one for videos, of which pictures want a part."""
    from transformers import Sam2Config, Sam2Model, Sam2VideoConfig, Sam2VideoModel

    config = Sam2Config(
        vision_config={
            "backbone_config": {
                "model_type": "sam2_hiera_det_model", "hidden_size": 16, "num_attention_heads": 1,
                "image_size": [64, 64], "blocks_per_stage": [1, 1, 2, 1],
                "embed_dim_per_stage": [16, 32, 64, 128],
                "num_attention_heads_per_stage": [1, 1, 2, 2], "window_size_per_stage": [4, 4, 4, 4],
                "global_attention_blocks": [3],
            },
            "backbone_channel_list": [128, 64, 32, 16], "fpn_hidden_size": 32,
            "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        },
        prompt_encoder_config={
            "hidden_size": 32, "image_size": 64, "patch_size": 16, "mask_input_channels": 4,
        },
        mask_decoder_config={
            "hidden_size": 32, "mlp_dim": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
            "iou_head_hidden_dim": 32,
        },
    )  # fmt: skip
    torch.manual_seed(1)
    model = Sam2Model(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0.0, 0.2)
    parts = {
        part: getattr(config, part).to_dict()
        for part in ("vision_config", "prompt_encoder_config", "mask_decoder_config")
    }
    whole = Sam2VideoModel(
        Sam2VideoConfig(
            **parts, image_size=64, memory_attention_hidden_size=32, memory_attention_num_layers=1,
            memory_attention_feed_forward_hidden_size=32, memory_attention_rope_feat_sizes=[4, 4],
            memory_encoder_hidden_size=32, memory_encoder_output_channels=8, mask_downsampler_embed_dim=32,
            memory_fuser_embed_dim=32, memory_fuser_intermediate_dim=32,
        )
    )  # fmt: skip
    whole.load_state_dict(model.state_dict(), strict=False)
    whole.save_pretrained(folder)
    return folder
