"""`vp fmt`: the canonical order and layout of a spec, with its data, its SQL and its comments unchanged."""
