"""Stable Diffusion 1.5's inpainting model in few steps: for photographs and small machines."""
