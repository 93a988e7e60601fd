"""Floor 2: pictures from Stable Diffusion checkpoints; needs the packages of the extra `diffusion`."""
