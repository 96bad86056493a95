"""Jixi (缉熙): a self-hosted Model-as-a-Service platform. The map of the rooms is in CONTRIBUTING.md."""
