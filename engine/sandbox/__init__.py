"""Running what models ask for: the sandbox port, its tiers, the probe that proves a tier, and what may be written."""
