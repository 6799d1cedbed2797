"""How well tracks agree with the truth: HOTA, CLEAR-MOT and identity figures, equal to the public evaluator's."""
