"""Typical wrong answers to the exercises of `6_1_autoencoders`, each with a part of the message that names it."""

WRONG = {
    "dense_parameters": [
        ("answer = lambda p, f, d: 2 * (p // 4) ** 2 * f * d", "one bias an output"),
        ("answer = lambda p, f, d: (p // 4) ** 2 * f * d + d", "encoder's layer alone"),
        ("answer = lambda p, f, d: (p // 4) ** 2 * f * d + (p // 4) ** 2 * f", "decoder's layer alone"),
        ("answer = lambda p, f, d: 2 * p**2 * f * d + d + p**2 * f", "a quarter of the height"),
        ("answer = lambda p, f, d: 2 * (p // 2) ** 2 * f * d + d + (p // 2) ** 2 * f", "each halves"),
        ("answer = lambda p, f, d: 2 * (p // 4) ** 2 * f * d + 2 * d", "as the map has numbers"),
    ],
    "label_given_value": [
        ("answer = lambda joint, value: joint[:, value]", "must sum to 1"),
        ("answer = lambda joint, value: joint[:, value] / joint.sum(axis=1)", "sum of each row"),
        ("answer = lambda joint, value: joint[0] / joint[0].sum()", "the column, not the row"),
    ],
    "through_components": [
        ("answer = lambda x, m, c: (x - m) @ c.T", "These are the codes"),
        ("answer = lambda x, m, c: (x - m) @ c.T @ c", "add it again"),
        ("answer = lambda x, m, c: x @ c.T @ c", "differences from the mean"),
        ("answer = lambda x, m, c: m + x @ c.T @ c", "before encoding"),
    ],
    "noise_strength": [
        ("answer = lambda noise, d: d / (noise**2).sum()", "sum of squares"),
        ("answer = lambda noise, d: d**2 / (noise**2).sum()", "square of the strength"),
        ("import numpy as np\nanswer = lambda noise, d: d / np.sqrt((noise**2).mean())", "not of their mean"),
        ("answer = lambda noise, d: d / abs(noise).sum()", "L1 distance"),
        ("import numpy as np\nanswer = lambda noise, d: d * np.sqrt((noise**2).sum())", "divide"),
    ],
}
