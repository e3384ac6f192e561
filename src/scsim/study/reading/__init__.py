"""From TOML to a study: text, names, sections, sweeps, cases, and every fault at once."""
