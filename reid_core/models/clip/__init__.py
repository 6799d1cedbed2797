"""CLIP's RN50 (Radford et al. 2021): both towers, written anew with the published names, and reading its weights."""
