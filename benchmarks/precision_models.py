"""An invented project whose models have measures of their own, and a list of edits as people make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from benchmarks.models import base_names

WIDTH = 25  # models in a layer
MEASURES = 4
BASE_MEASURES = ("amount",)


@dataclass(frozen=True, slots=True)
class Measured:
    """One model: `id`, `kind` and `day` of its first input, and measures over both.

    A measure is SQL with `{a}` and `{b}` for the aliases of the inputs. `grouped` models have a row per kind and day.
    """

    name: str
    inputs: tuple[str, ...]
    measures: Mapping[str, str]
    condition: str = ""
    join: str = "join"
    alias: str = "a"
    grouped: bool = False
    comment: str = ""
    spread: bool = False  # a clause a line

    def query(self, reference: Callable[[str], str]) -> str:
        a, b = self.alias, "b"
        measures = {name: text.replace("{a}", a).replace("{b}", b) for name, text in self.measures.items()}
        if self.grouped:
            columns = ["min({a}.id) as id", "{a}.kind", "{a}.day"]
            columns += [f"sum({text}) as {name}" for name, text in measures.items()]
        else:
            columns = ["{a}.id", "{a}.kind", "{a}.day", *(f"{text} as {name}" for name, text in measures.items())]
        clauses = [f"select {', '.join(columns)}".replace("{a}", a), f"from {reference(self.inputs[0])} as {a}"]
        if len(self.inputs) > 1:
            clauses.append(f"{self.join} {reference(self.inputs[1])} as {b} on {b}.id = {a}.id")
        if self.condition:
            clauses.append(f"where {self.condition}".replace("{a}", a))
        if self.grouped:
            clauses.append(f"group by {a}.kind, {a}.day")
        text = ("\n" if self.spread else " ").join(clauses)
        return f"-- {self.comment}\n{text}" if self.comment else text


Project = dict[str, Measured]
Edit = tuple[str, Callable[[Project, Random], Project]]


def invent(count: int, seed: int = 1) -> Project:
    """`count` models in layers. A model uses two or three measures of each input, and leaves the others alone."""
    random = Random(seed)
    project: Project = {}
    for number in range(count):
        layer = number // WIDTH
        if layer == 0:
            above, known = list(base_names()), dict.fromkeys(base_names(), BASE_MEASURES)
        else:
            above = [f"model_{index}" for index in range((layer - 1) * WIDTH, layer * WIDTH)]
            above = [name for name in above if not project[name].grouped]
            known = {name: tuple(project[name].measures) for name in above}
        inputs = tuple(random.sample(above, random.choice((1, 2))))
        measures = {}
        for index in range(MEASURES):
            side, name = random.choice([*zip(("{a}", "{b}"), inputs, strict=False)])
            measures[f"m{index}"] = f"({side}.{random.choice(known[name])} * {index + 2} + {number}) % 100003"
        grouped = layer > 0 and number % 6 == 5
        condition = f"{{a}}.id % 97 <> {number % 97}" if number % 4 == 0 else ""
        model = f"model_{number}"
        project[model] = Measured(model, inputs, measures, condition, grouped=grouped)
    return project


def edited(project: Project, name: str, change: Callable[[Measured], Measured]) -> Project:
    return {**project, name: change(project[name])}


def some(project: Project, random: Random, fits: Callable[[Measured], bool] = lambda model: True) -> str:
    """A model, from the whole height of the project."""
    return random.choice([name for name, model in project.items() if fits(model)])


def expression(project: Project, random: Random) -> Project:
    measure = f"m{random.randrange(MEASURES)}"

    def change(model: Measured) -> Measured:
        return replace(model, measures={**model.measures, measure: f"{model.measures[measure]} + 1"})

    return edited(project, some(project, random), change)


def add_column(project: Project, random: Random) -> Project:
    def change(model: Measured) -> Measured:
        return replace(model, measures={**model.measures, f"m{len(model.measures)}": "{a}.id % 7"})

    return edited(project, some(project, random), change)


def reformat(project: Project, random: Random) -> Project:
    return edited(project, some(project, random), lambda model: replace(model, spread=not model.spread))


def comment(project: Project, random: Random) -> Project:
    said = f"reviewed {random.randrange(10**6)}"
    return edited(project, some(project, random), lambda model: replace(model, comment=said))


def alias(project: Project, random: Random) -> Project:
    name = some(project, random)
    return edited(project, name, lambda model: replace(model, alias="source" if model.alias == "a" else "a"))


def filtered(project: Project, random: Random) -> Project:
    condition = f"{{a}}.id % 89 <> {random.randrange(89)}"
    return edited(project, some(project, random), lambda model: replace(model, condition=condition))


def harmless_filter(project: Project, random: Random) -> Project:
    """It says something new and takes nothing away."""

    def change(model: Measured) -> Measured:
        both = " and ".join(filter(None, [model.condition, "{a}.id >= 0"]))
        return replace(model, condition=both)

    return edited(project, some(project, random, lambda model: "id >= 0" not in model.condition), change)


def joined(project: Project, random: Random) -> Project:
    name = some(project, random, lambda model: len(model.inputs) > 1)
    return edited(project, name, lambda model: replace(model, join="left join" if model.join == "join" else "join"))


def reordered(project: Project, random: Random) -> Project:
    def change(model: Measured) -> Measured:
        names = list(model.measures)
        random.shuffle(names)
        return replace(model, measures={name: model.measures[name] for name in names})

    return edited(project, some(project, random), change)


def new_model(project: Project, random: Random) -> Project:
    read = some(project, random, lambda model: not model.grouped)
    name = f"model_{max(int(each.removeprefix('model_')) for each in project) + 1}"
    return {**project, name: Measured(name, (read,), {"m0": "{a}.m0 * 2", "m1": "{a}.m1", "m2": "{a}.m2", "m3": "3"})}


def removed_model(project: Project, random: Random) -> Project:
    read = {name for model in project.values() for name in model.inputs}
    gone = random.choice([name for name in project if name not in read])
    return {name: model for name, model in project.items() if name != gone}


# What a hundred commits of a project look like: most change a column, some only the text, a few the rows.
MIX: tuple[tuple[Edit, int], ...] = (
    (("expression of a column", expression), 26),
    (("new column", add_column), 18),
    (("format", reformat), 8),
    (("comment", comment), 8),
    (("alias", alias), 6),
    (("order of columns", reordered), 6),
    (("filter", filtered), 10),
    (("filter that takes nothing away", harmless_filter), 4),
    (("kind of join", joined), 4),
    (("new model", new_model), 6),
    (("model removed", removed_model), 4),
)


def edits(seed: int = 1) -> list[Edit]:
    """A hundred edits, in a mixed order that is always the same."""
    listed = [edit for edit, times in MIX for _ in range(times)]
    Random(seed).shuffle(listed)
    return listed
