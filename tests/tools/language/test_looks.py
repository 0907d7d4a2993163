"""What words say of a look: a colour by value, a step, a material, a pattern, the rest."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageColor

from pocket import rooms
from tools.language import colours, looks
from tools.language.looks import ColourStep, read_look


def value(name: str) -> colours.Value:
    found = colours.value_of(name)
    assert found is not None, name
    return found


def css(name: str) -> tuple[float, ...]:
    return tuple(colours.oklab(ImageColor.getrgb(name)[:3]).tolist())


# ---- colours by name ----
def test_there_are_as_many_names_as_people_use() -> None:
    assert len(colours.names()) >= 900
    assert all(colours.value_of(name) is not None for name in colours.names())


@pytest.mark.parametrize("name", rooms.COLOURS)
def test_the_drawn_rooms_colours_are_meant_by_their_names(name: str) -> None:
    """At most half way to CSS's value, where the two are apart."""
    drawn = colours.oklab(rooms.COLOURS[name])
    away = np.array(value(name)) - drawn
    assert np.hypot(*away[1:]) <= 0.05
    assert abs(away[0]) <= 0.08


@pytest.mark.parametrize(
    "name",
    ["teal", "navy", "olive", "crimson", "maroon", "beige", "khaki", "plum", "gold", "darkorange",
     "darkgreen", "lightblue", "rosybrown", "darkslategray", "mediumpurple", "chocolate", "sienna"],
)  # fmt: skip
def test_names_of_css_are_near_their_values(name: str) -> None:
    away = np.array(value(name)) - css(name)
    assert np.hypot(*away[1:]) <= 0.05
    assert abs(away[0]) <= 0.1


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("navy-blue", "navy blue"), ("NavyBlue", "navy blue"), ("light gray", "lightgrey"),
        ("fire brick", "firebrick"), ("dark slate gray", "darkslategrey"), ("off-white", "off white"),
        ("wine-coloured", "wine"), ("rust colored", "rust"), ("#369", "#336699"),
        ("rgb(51, 102, 153)", "#336699"), ("burgandy", "burgundy"), ("turquiose", "turquoise"),
        ("lavnder", "lavender"), ("creme", "cream"), ("cobalt blue", "cobalt"), ("burgundy red", "burgundy"),
    ],
)  # fmt: skip
def test_spellings_of_one_colour(words: str, same: str) -> None:
    assert value(words) == pytest.approx(value(same))


@pytest.mark.parametrize(
    "words",
    ["", "sofa", "red leather", "red and white", "darker", "dark", "#33669", "rgb(1, 2, 300)", "brush",
     "plump", "leafy", "stripes"],
)  # fmt: skip
def test_no_colour(words: str) -> None:
    assert colours.value_of(words) is None


@pytest.mark.parametrize(
    "hue", ["red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "sage", "mustard"]
)
def test_a_modifier_goes_its_way(hue: str) -> None:
    base = value(hue)

    def chroma(words: str) -> float:
        return float(np.hypot(*value(words)[1:]))

    for shade in ("dark", "deep", "very dark"):
        assert value(f"{shade} {hue}")[0] < base[0] - 0.03
    for shade in ("light", "pale", "pastel"):
        assert value(f"{shade} {hue}")[0] > base[0] + 0.02
    for shade in ("dusty", "muted"):
        assert chroma(f"{shade} {hue}") < chroma(hue)
    assert value(f"warm {hue}")[2] > value(f"cool {hue}")[2]
    assert value(f"very dark {hue}")[0] < value(f"dark {hue}")[0] + 0.02


def test_mixtures_lie_between() -> None:
    blue, green = value("blue"), value("green")
    for words in ("between blue and green", "blue-green", "greenish blue"):
        assert green[2] > value(words)[2] > blue[2]
    assert np.hypot(*value("reddish")[1:]) < np.hypot(*value("red")[1:])
    assert value("bluish grey")[2] < value("grey")[2] - 0.01
    assert value("almost black")[0] < 0.3
    assert value("nearly white")[0] > 0.9


def test_what_a_name_says_is_what_a_screen_shows() -> None:
    for name in ("red", "pastel pink", "very dark dusty teal", "neon green", "electric blue"):
        rgb = colours.to_rgb(value(name))
        assert rgb.min() >= 0
        assert rgb.max() <= 255
        assert colours.oklab(rgb) == pytest.approx(np.array(value(name)), abs=0.01)


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((139, 0, 0), "dark red"), ((198, 38, 38), "red"), ((155, 170, 140), "sage green"),
        ((12, 25, 107), "navy"), ((244, 242, 238), "white"), ((134, 134, 136), "grey"),
        ((60, 60, 60), "charcoal"), ((212, 212, 212), "light grey"),
    ],
)  # fmt: skip
def test_a_value_has_a_plain_name(rgb: tuple[int, int, int], name: str) -> None:
    assert colours.name_of(colours.oklab(rgb)) == name


def test_a_given_name_is_read_as_a_colour_near_by() -> None:
    rng = np.random.default_rng()
    for _ in range(60):
        rgb = rng.integers(20, 236, 3)
        seen = colours.oklab(rgb)
        name = colours.name_of(seen)
        look = read_look(f"a {name} sofa", "the sofa")
        assert look.is_colour_only, name
        assert look.value is not None
        assert colours.distance(look.value, tuple(seen)) < 0.16, (rgb, name)


# ---- looks ----
@pytest.mark.parametrize(
    ("prompt", "target", "colour"),
    [
        ("a dark red sofa", "the sofa", "dark red"),
        ("dark red", "", "dark red"),
        ("a green sofa", "the red sofa", "green"),
        ("a red sofa", "the red sofa", "red"),
        ("a red orange tree", "the orange tree", "red"),
        ("warm cream walls", "the walls", "warm cream"),
        ("a #336699 sofa", "the sofa", "#336699"),
        ("a peach side table", "the side table", "peach"),
        ("a copper-coloured lamp", "the lamp", "copper"),
        ("a brick red wall", "the wall", "brick red"),
        ("a wall the colour of rust", "the wall", "rust"),
        ("a stone grey sofa", "the sofa", "stone grey"),
        ("copper curtains", "the curtains", "copper"),
        ("a nice warm shade of cream", "", "warm cream"),
        ("a plain white wall", "the wall", "white"),
        ("a bluish grey rug on the floor", "the rug", "bluish grey"),
        ("a gold vase", "the vase", "gold"),
        ("a red couch", "the sofa", "red"),
        ("a red leather sofa", "the leather sofa", "red"),
        ("a rosy brown basket", "the basket", "rosybrown"),
        ("a dark slate gray rug", "the rug", "darkslategray"),
    ],
)
def test_a_colour_and_nothing_else(prompt: str, target: str, colour: str) -> None:
    look = read_look(prompt, target)
    assert look.value == pytest.approx(value(colour))
    assert look.is_colour_only
    assert look.step is None


@pytest.mark.parametrize(
    ("prompt", "target", "colour", "material", "pattern", "rest"),
    [
        ("a dark red leather sofa", "the sofa", "dark red", "leather", "", ""),
        ("a marble coffee table", "the coffee table", "", "marble", "", ""),
        ("a dark oak table", "the table", "", "dark oak", "", ""),
        ("denim", "the sofa", "", "denim", "", ""),
        ("a copper lamp", "the lamp", "", "copper", "", ""),
        ("a terracotta floor", "the floor", "", "terracotta", "", ""),
        ("polka dot cushions", "the cushions", "", "", "polka dot", ""),
        ("a solid gold vase", "the vase", "", "solid gold", "", ""),
        ("a blue striped rug", "the rug", "blue", "", "striped", ""),
        ("a wrinkled linen sofa with brass legs", "the sofa", "", "linen", "", "wrinkled, with brass legs"),
        ("a dusty rose velvet armchair", "the armchair", "dusty rose", "velvet", "", ""),
        ("a sofa covered in moss", "the sofa", "", "", "", "covered in moss"),
        ("an orange tree with lights", "the orange tree", "", "", "", "with lights"),
    ],
)
def test_what_is_no_mere_colour(
    prompt: str, target: str, colour: str, material: str, pattern: str, rest: str
) -> None:
    look = read_look(prompt, target)
    assert (look.material, look.pattern, look.rest) == (material, pattern, rest)
    assert look.value == (pytest.approx(value(colour)) if colour else None)
    assert not look.is_colour_only


def test_several_colours_have_no_value() -> None:
    look = read_look("a red and white rug", "the rug")
    assert look.value is None
    assert look.colour_words == "red and white"
    assert not look.is_colour_only


@pytest.mark.parametrize(
    ("prompt", "thing"),
    [
        ("an armchair the colour of the curtains", "the curtains"),
        ("the same colour as the sofa", "the sofa"),
        ("to match the rug", "the rug"),
        ("a sofa like the curtains", "the curtains"),
    ],
)
def test_the_colour_of_another_thing(prompt: str, thing: str) -> None:
    look = read_look(prompt, "the armchair")
    assert look.like == thing
    assert look.is_colour_only


# ---- steps ----
@pytest.mark.parametrize(
    ("words", "lightness"),
    [
        ("darker", -0.07), ("lighter", 0.07), ("a bit darker", -0.03), ("slightly lighter", 0.03),
        ("a touch darker", -0.03), ("much darker", -0.14), ("a lot lighter", 0.14),
        ("two shades darker", -0.06),
        ("even darker", -0.07), ("not so dark", 0.07), ("less bright", -0.07), ("too dark", 0.07),
        ("a shade lighter", 0.03), ("considerably darker", -0.14), ("much much darker", -0.21),
        ("a little bit lighter", 0.03), ("far too light", -0.14),
    ],
)  # fmt: skip
def test_how_far_a_step_goes(words: str, lightness: float) -> None:
    look = read_look(words)
    assert look.is_colour_only
    assert look.step is not None
    assert look.step.lightness == pytest.approx(lightness)
    assert look.rest == ""


def test_steps_of_colourfulness_and_warmth() -> None:
    def step(words: str) -> ColourStep:
        found = read_look(words).step
        assert found is not None, words
        return found

    assert step("more saturated").chroma > step("a bit more saturated").chroma > 1
    assert step("less saturated").chroma < 1
    assert step("more muted").chroma < 1
    assert step("tone it down").chroma < step("tone it down a bit").chroma < 1
    assert step("more vivid").chroma > 1
    assert 1 >= step("much warmer").warmth > step("warmer").warmth > step("slightly warmer").warmth > 0
    assert step("cooler").warmth < 0
    assert step("redder").tint[0] > 0.02
    assert step("more blue").tint[1] < -0.02
    assert step("less yellow").tint[1] < 0
    both = step("a bit darker and more muted")
    assert both.lightness == pytest.approx(-0.03)
    assert both.chroma < 1
    assert step("paler").lightness > 0
    assert step("deeper").lightness < 0
    assert step("make it dark").lightness < step("darker").lightness


def test_a_step_from_a_value_keeps_its_hue() -> None:
    red = value("red")
    darker = ColourStep(lightness=-0.14).from_value(red)
    assert darker[0] == pytest.approx(red[0] - 0.14)
    assert np.arctan2(darker[2], darker[1]) == pytest.approx(np.arctan2(red[2], red[1]))
    assert ColourStep(lightness=-0.5).from_value(value("black"))[0] == 0


def test_a_name_is_told_from_a_step_that_begins_there() -> None:
    look = read_look("a much darker dark red sofa", "the sofa")
    assert look.colour_words == "dark red"
    assert look.value == pytest.approx(value("dark red"))
    assert look.step == ColourStep(lightness=-0.14)
    assert look.is_colour_only
    assert read_look("a darker basket", "the basket").value is None


def test_a_step_that_was_taken_leaves_the_prompt_with_the_new_name() -> None:
    dark = value("dark red")
    assert looks.settled("a darker red sofa", "the sofa", dark) == "a dark red sofa"
    assert looks.settled("a much darker red leather sofa", "the sofa", dark) == "a dark red leather sofa"
    assert looks.settled("darker basket", "the basket", dark) == "dark red basket"
    assert looks.settled("a darker and warmer red sofa", "the sofa", dark) == "a dark red sofa"
    assert looks.settled("a darker basket", "the basket") == "a basket"
    assert looks.settled("a red sofa", "the sofa", dark) == "a red sofa"
    own = looks.settled("a much darker red sofa", "the sofa")
    assert read_look(own, "the sofa").step is None
    assert own != "a red sofa"


@pytest.mark.parametrize(
    ("phrase", "colour"),
    [("the orange tree", ""), ("the wine rack", ""), ("the sky", ""), ("the pink armchair", "pink"),
     ("the white cat on the red rug", "white"), ("the red one", "red"), ("the floor lamp", "")],
)  # fmt: skip
def test_a_thing_by_its_colour(phrase: str, colour: str) -> None:
    assert read_look(phrase).value == (pytest.approx(value(colour)) if colour else None)


@pytest.mark.parametrize(
    ("prompt", "material", "pattern"),
    [
        ("an armchair with a navy checked fabric", "fabric", "checked"),
        ("a sofa covered in brown leather", "leather", ""),
        ("an ottoman with blue and white stripes", "", "stripes"),
        ("a sofa with oak legs", "", ""),
        ("a sofa with a knitted blanket", "", ""),
    ],
)
def test_a_covering_says_what_the_whole_is_like(prompt: str, material: str, pattern: str) -> None:
    look = read_look(prompt, "the thing")
    assert (look.material, look.pattern) == (material, pattern)
