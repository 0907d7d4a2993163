"""The built-in planner: sentences and conversations to plans, what it must never do, contexts after plans."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.planner.builtin import BuiltinPlanner
from agent.planner.context import Context, LayerView, VersionView, advance
from agent.planner.plan import Ask, Edit, Goto, Hide, Pick, Plan, Redo, Show, Step, Tell, Undo, Variations

PLANNER = BuiltinPlanner()


def plan(sentence: str, context: Context | None = None) -> Plan:
    return asyncio.run(PLANNER.plan(sentence, context or Context()))


def shown(step: Step) -> str:
    """A step in short: ``restyle the sofa = a red sofa``, with ``#0`` where it revises layer 0."""
    match step:
        case Edit():
            layer = "" if step.layer is None else f"#{step.layer} "
            return f"{layer}{step.kind} {step.target} = {step.prompt}".strip(" =")
        case Ask():
            return "ask"
        case Hide() | Show():
            return f"{step.do} {step.layer}"
        case Undo() | Redo():
            return f"{step.do} {step.count}"
        case Goto():
            return f"goto {step.version}"
        case Pick():
            return f"pick {step.index}"
        case Variations():
            layer = "" if step.layer is None else f"#{step.layer} "
            return f"{layer}variations {step.count} {step.target} = {step.prompt}"
        case _:
            return step.do


def steps(sentence: str, context: Context | None = None) -> list[str]:
    return [shown(step) for step in plan(sentence, context).steps]


def talk(*sentences: str) -> list[list[str]]:
    """The steps of each sentence of a conversation."""
    context, result = Context(), []
    for sentence in sentences:
        answer = plan(sentence, context)
        result.append([shown(step) for step in answer.steps])
        context = advance(context, sentence, answer)
    return result


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        # a look
        ("Change the headboard to rattan", "restyle the headboard = a rattan headboard"),
        ("paint the shutters dusty pink", "restyle the shutters = dusty pink shutters"),
        (
            "make the hallway floor herringbone oak",
            "restyle the hallway floor = a herringbone oak hallway floor",
        ),
        ("turn the bench on the right olive green", "restyle the bench on the right = an olive green bench"),
        ("reupholster the stool in tweed", "restyle the stool = a tweed stool"),
        ("the balcony door should be glossy black", "restyle the balcony door = a glossy black balcony door"),
        ("give the cushions a floral pattern", "restyle the cushions = floral cushions"),
        ("give the crib brass legs", "restyle the crib = a crib with brass legs"),
        ("change the sink from white to copper", "restyle the sink = a copper sink"),
        ("the piano's colour should be cream", "restyle the piano = a cream piano"),
        ("make the table look like it's made of glass", "restyle the table = a glass table"),
        ("whitewash the fireplace", "restyle the fireplace = a whitewashed fireplace"),
        ("these tiles are too shiny", "restyle the tiles = matte tiles"),
        ("make the two stools brass", "restyle the two stools = two brass stools"),
        # words that are in no list
        ("make the kotatsu lacquered", "restyle the kotatsu = a lacquered kotatsu"),
        ("make the zafu bouclé", "restyle the zafu = a bouclé zafu"),
        ("the kilim in kapok", "restyle the kilim = a kapok kilim"),
        ("remove the zabuton", "remove the zabuton"),
        # a thing for a thing
        ("swap the ottoman for a log basket", "replace the ottoman = a log basket"),
        ("substitute a fern for the cactus", "replace the cactus = a fern"),
        ("turn the dresser into a fireplace", "replace the dresser = a fireplace"),
        ("the goldfish should be a shark", "replace the goldfish = a shark"),
        ("a harp where the piano is", "replace the piano = a harp"),
        ("I'd rather have shutters than curtains", "replace the curtains = shutters"),
        ("exchange the mirror for a bigger one", "replace the mirror = a big mirror"),
        # away
        ("erase the crack in the ceiling", "remove the crack in the ceiling"),
        ("take the bike out of the picture", "remove the bike"),
        ("wipe the crumbs off the counter", "remove the crumbs on the counter"),
        ("clear the counter of dishes", "remove the dishes on the counter"),
        ("that radiator has got to go", "remove the radiator"),
        ("it would look better without the blinds", "remove the blinds"),
        ("we don't need the stool anymore", "remove the stool"),
        ("bye bye bean bag", "remove the bean bag"),
        # new
        ("hang a tapestry above the bed", "add above the bed = a tapestry"),
        ("on the mantelpiece, place two candlesticks", "add on the mantelpiece = two candlesticks"),
        ("there should be a kite in the sky", "add in the sky = a kite"),
        ("the balcony could use a hammock", "add on the balcony = a hammock"),
        ("what if we had a skylight over the bed?", "add over the bed = a skylight"),
        ("I want a cat sleeping on the windowsill", "add on the windowsill = a cat sleeping"),
        ("lay tiles on the floor", "restyle the floor = a tiled floor"),
        ("add brick to the walls", "restyle the walls = brick walls"),
        ("put a tile on the wall", "add on the wall = a tile"),
    ],
)
def test_one_edit(sentence: str, wanted: str) -> None:
    assert steps(sentence) == [wanted]


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("would you mind painting the gate mint?", "restyle the gate = a mint gate"),
        ("how does a plum ceiling sound?", "restyle the ceiling = a plum ceiling"),
        ("I've always dreamed of a marble bathtub", "restyle the bathtub = a marble bathtub"),
        ("brass would suit that tap", "restyle the tap = a brass tap"),
        ("my neighbour thinks the porch should be teal", "restyle the porch = a teal porch"),
        ("it'd be lovely if the hedge were a bit taller", "restyle the hedge = a tall hedge"),
        ("hmm, the desk, could we have that in walnut", "restyle the desk = a walnut desk"),
        ("bookcase: birch", "restyle the bookcase = a birch bookcase"),
        ("wardrobe → sage", "restyle the wardrobe = a sage wardrobe"),
        ("linen for the blinds pls", "restyle the blinds = linen blinds"),
        ("gimme a gold chandelier", "ask"),
        ("mkae teh bookshlef wallnut", "restyle the bookshelf = a walnut bookshelf"),
        ("repalce the armchiar wiht a rokcing horse", "replace the armchair = a rocking horse"),
        ("PAINT THE BARN RED", "restyle the barn = a red barn"),
        ("the gate is an eyesore. Out with it!", "remove the gate"),
        ("don't touch the desk, just make the chair navy", "restyle the chair = a navy chair"),
        ("leave the floor as it is but paint the beams black", "restyle the beams = black beams"),
        ("not the oven, the fridge should be red", "restyle the fridge = a red fridge"),
        ("make the bench, no wait, the swing yellow", "restyle the swing = a yellow swing"),
        ("paint the boat red, sorry, I meant orange", "restyle the boat = an orange boat"),
        ("the kids broke the vase, so please get rid of it", "remove the vase"),
        ("lamp's ugly, how about a candle instead", "replace the lamp = a candle"),
        ("while I like the wall, the ceiling should be peach", "restyle the ceiling = a peach ceiling"),
        ("striped wallpaper in the nursery", "add in the nursery = striped wallpaper"),
        ("put a hat on the man", "add on the man = a hat"),
        ("make the nursery tiles dark green", "restyle the nursery tiles = dark green nursery tiles"),
        ("the two dogs should be poodles", "replace the two dogs = poodles"),
        ("soup instead of salad", "replace the salad = soup"),
        ("that vanity screams for a marble top", "restyle the vanity = a vanity with a marble top"),
        ("see that traffic light? gone, please", "remove the traffic light"),
        ("there's an antenna on the roof that I'd like removed", "remove the antenna on the roof"),
        ("I could live without the antenna", "remove the antenna"),
        ("make the vase blue not green", "restyle the vase = a blue vase"),
        ("the coffee cup in white", "restyle the coffee cup = a white coffee cup"),
    ],
)
def test_casual_wording(sentence: str, wanted: str) -> None:
    assert steps(sentence) == [wanted]


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("can we go darker on the floorboards", ["restyle the floorboards = darker floorboards"]),
        ("lets ditch those blinds for roman shades", ["replace the blinds = roman shades"]),
        (
            "any chance the lampshade goes from beige to forest green",
            ["restyle the lampshade = a forest green lampshade"],
        ),
        ("turn that frown of a sofa into something pink", ["restyle the sofa = a pink sofa"]),
        (
            "let's go bold: emerald velvet on the armchairs",
            ["restyle the armchairs = emerald velvet armchairs"],
        ),
        ("I'd lose the bench if I were you", ["remove the bench"]),
        ("the ironing board ruins the shot. out!", ["remove the ironing board"]),
        ("I keep tripping over that gronk, remove it", ["remove the gronk"]),
        ("where the tv is I want a big painting of a whale", ["replace the tv = a big painting of a whale"]),
        (
            "yank that chandelier out of there and stick in a paper lantern",
            ["replace the chandelier = a paper lantern"],
        ),
        ("maybe we can get away with just a fern on the mantelpiece", ["add on the mantelpiece = a fern"]),
        (
            "red curtains out, plain linen white ones in",
            ["replace the red curtains = plain linen white curtains"],
        ),
        (
            "take the side table away with the vase standing on it",
            ["remove the vase on the side table", "remove the side table"],
        ),
        ("less is more: drop the vase and the candles", ["remove the vase", "remove the candles"]),
        ("I've changed my mind about the door, orange it is", ["restyle the door = an orange door"]),
        # nothing is painted on a mood
        ("that lamp is giving me nightmares", ["ask"]),
        ("hmm not sure about the curtains", ["ask"]),
        ("gotta run, the bus is coming", []),
    ],
)
def test_free_wording(sentence: str, wanted: list[str]) -> None:
    assert steps(sentence) == wanted


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        (
            "make the stool and the bench red",
            ["restyle the stool = a red stool", "restyle the bench = a red bench"],
        ),
        (
            "make the stool red and the bench blue",
            ["restyle the stool = a red stool", "restyle the bench = a blue bench"],
        ),
        (
            "stool: red, bench: blue, get rid of the mirror",
            ["restyle the stool = a red stool", "restyle the bench = a blue bench", "remove the mirror"],
        ),
        ("remove the vase, the mug and the plate", ["remove the vase", "remove the mug", "remove the plate"]),
        (
            "put a globe and an inkwell on the desk",
            ["add on the desk = a globe", "add on the desk = an inkwell"],
        ),
        (
            "put a rug in front of the bed and a basket next to it",
            ["add in front of the bed = a rug", "add next to the rug = a basket"],
        ),
        (
            "swap the sink for a trough and the tap for a pump",
            ["replace the sink = a trough", "replace the tap = a pump"],
        ),
        ("make the sofa leather and make it darker", ["restyle the sofa = a darker leather sofa"]),
        ("lose the tv and put an aquarium there", ["replace the tv = an aquarium"]),
        (
            "the left door in pine, the right one in birch",
            ["restyle the left door = a pine door", "restyle the right door = a birch door"],
        ),
        ("make the tiles black and white", ["restyle the tiles = black and white tiles"]),
    ],
)
def test_several_things(sentence: str, wanted: list[str]) -> None:
    assert steps(sentence) == wanted


@pytest.mark.parametrize(
    "sentence",
    [
        "make it nicer",
        "change the wardrobe",
        "paint the gate",
        "the desk is boring",
        "I don't like that hedge",
        "surprise me",
        "qwfp zxcv",
        "",
        "   ",
        "?!",
        "🙂",
        "make the bench better",
        "replace the sink",
        "put it somewhere else",
        "move the bed to the left",
        "everything but the desk should go",
        "should the desk be green or blue?",
        "any thoughts on the desk?",
        "mach die Lampe bitte grün",
        "peux-tu changer le fauteuil",
        "сделай стену зелёной",
        "把墙涂成绿色",
        "x" * 10_000,
        "make the sofa red " * 500,
    ],
)
def test_it_asks(sentence: str) -> None:
    answer = plan(sentence)
    assert [type(step) for step in answer.steps] == [Ask]
    assert isinstance(answer.steps[0], Ask)
    assert len(answer.steps[0].question) > 10


@pytest.mark.parametrize(
    "sentence",
    [
        "hello there!",
        "thank you so much",
        "wow, lovely",
        "the bench looks great now",
        "what can you do?",
        "who made you?",
        "my cousin has a bench like that",
        "I want to sell my flat",
        "never mind",
        "don't touch the desk",
        "I love the new desk",
    ],
)
def test_plain_talk_has_an_answer_and_no_steps(sentence: str) -> None:
    answer = plan(sentence)
    assert answer.steps == ()
    assert answer.say


def test_a_question_about_a_look_is_answered_from_the_picture() -> None:
    assert plan("is the desk made of oak?").steps == (Tell(about="the desk", asked="so", look="oak"),)


def test_it_says_what_it_understood() -> None:
    assert (
        plan("make the desk brown leather and remove the lamp").say
        == "desk → a brown leather desk · remove the lamp"
    )


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("make the sofa dark red leather", "the sofa = a dark red leather sofa"),
        ("walls warm cream", "the walls = warm cream walls"),
        ("make the bed navy blue", "the bed = a navy blue bed"),
        ("make the sofa #336699", "the sofa = a #336699 sofa"),
        ("sofa #369", "the sofa = a #369 sofa"),
        ("paint the wall rgb(51, 102, 153)", "the wall = a #336699 wall"),
        ("make the side table peach", "the side table = a peach side table"),
        ("make the lamp orchid", "the lamp = an orchid lamp"),
        ("make the chair brick red", "the chair = a brick red chair"),
        ("make the brick red", "the brick = a red brick"),
        ("make the rug duck egg blue", "the rug = a duck egg blue rug"),
        ("paint the cabinet british racing green", "the cabinet = a british racing green cabinet"),
        ("make the sofa almost black", "the sofa = an almost black sofa"),
        ("make the armchair blue-green", "the armchair = a blue-green armchair"),
        ("coffee table to marble", "the coffee table = a marble coffee table"),
        ("what if the bed were made of wood?", "the bed = a wood bed"),
        (
            "make the armchair the colour of the curtains",
            "the armchair = an armchair the colour of the curtains",
        ),
        ("paint the walls to match the sofa", "the walls = walls the colour of the sofa"),
        ("make the cushions the colour of rust", "the cushions = rust cushions"),
        ("make the stool copper colored", "the stool = a copper-coloured stool"),
        ("make the sofa pumpkin", "the sofa = a pumpkin sofa"),
        ("I find the wall too yellow", "the wall = a less yellow wall"),
    ],
)
def test_a_colour_comes_whole_into_the_plan(sentence: str, wanted: str) -> None:
    assert steps(sentence) == [f"restyle {wanted}"]


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("darker", "a darker red sofa"),
        ("a bit lighter", "a slightly lighter red sofa"),
        ("make it a lot darker", "a much darker red sofa"),
        ("two shades darker please", "a two shades darker red sofa"),
        ("it's way too dark", "a way lighter red sofa"),
        ("it is a bit dark", "a slightly lighter red sofa"),
        ("not so red", "a less red red sofa"),
        ("tone it down a bit", "a slightly more muted red sofa"),
        ("make it darker and warmer", "a darker and warmer red sofa"),
        ("make it a darker green", "a darker green sofa"),
        ("tone down the red", "a more muted red sofa"),
        ("make it cooler", "a cooler red sofa"),
        ("make it just a hair lighter", "a slightly lighter red sofa"),
        ("now dark", "a dark red sofa"),
    ],
)
def test_a_step_stays_a_step(sentence: str, wanted: str) -> None:
    assert talk("make the sofa red", sentence)[1] == [f"#0 restyle the sofa = {wanted}"]


def test_a_step_without_a_layer() -> None:
    assert steps("make the basket a bit darker") == ["restyle the basket = a slightly darker basket"]


CONVERSATIONS: list[list[tuple[str, list[str]]]] = [
    [
        ("make the desk leather", ["restyle the desk = a leather desk"]),
        ("darker", ["#0 restyle the desk = a darker leather desk"]),
        ("even darker", ["#0 restyle the desk = an even darker leather desk"]),
        ("no, lighter", ["#0 restyle the desk = a lighter leather desk"]),
        ("make it brown", ["#0 restyle the desk = a brown leather desk"]),
        ("no, black instead", ["#0 restyle the desk = a black leather desk"]),
        ("what about velvet?", ["#0 restyle the desk = a black velvet desk"]),
        ("the same for the stool", ["restyle the stool = a black velvet stool"]),
        ("and the bench too", ["restyle the bench = a black velvet bench"]),
        (
            "make both red",
            ["#1 restyle the stool = a red velvet stool", "#2 restyle the bench = a red velvet bench"],
        ),
    ],
    [
        ("make the gate red", ["restyle the gate = a red gate"]),
        ("and the fence white", ["restyle the fence = a white fence"]),
        ("undo only the gate", ["hide 0"]),
        ("bring it back", ["show 0"]),
        ("revert the fence please", ["hide 1"]),
        ("undo", ["undo 1"]),
        ("redo", ["redo 1"]),
        ("go back three steps", ["undo 3"]),
        ("back to the original", ["goto 0"]),
        ("go back to version 2", ["goto 2"]),
        ("show me before and after", ["compare"]),
    ],
    [
        ("remove the bike", ["remove the bike"]),
        ("oh no, put the bike back", ["hide 0"]),
        ("paint it green", ["restyle the bike = a green bike"]),
    ],
    [
        ("add a parrot on the perch", ["add on the perch = a parrot"]),
        ("make it blue", ["#0 add on the perch = a blue parrot"]),
        ("no, a toucan", ["#0 add on the perch = a toucan"]),
        ("bigger", ["#0 add on the perch = a big toucan"]),
        ("remove the toucan", ["hide 0"]),
    ],
    [
        ("replace the kettle with a teapot", ["replace the kettle = a teapot"]),
        ("make the teapot copper", ["#0 replace the kettle = a copper teapot"]),
        ("remove it", ["#0 remove the kettle"]),
        ("bring the kettle back", ["hide 0"]),
    ],
    [
        ("change the quilt", ["ask"]),
        ("patchwork, please", ["restyle the quilt = a patchwork quilt"]),
        ("add a hammock", ["ask"]),
        ("between the trees", ["add between the trees = a hammock"]),
        ("make it striped", ["#1 add between the trees = a striped hammock"]),
        ("paint", ["ask"]),
    ],
    [
        ("make it red", ["ask"]),
        ("the barn", ["restyle the barn = a red barn"]),
        ("no, I meant the silo", ["undo 1", "restyle the silo = a red silo"]),
    ],
    [
        ("show me four versions of the quilt in blue", ["variations 4 the quilt = a blue quilt"]),
        ("the third one", ["pick 3"]),
        ("three more options for it", ["#0 variations 3 the quilt = a blue quilt"]),
        ("the last one", ["pick 3"]),
        ("make it striped", ["#0 restyle the quilt = a blue striped quilt"]),
    ],
    [
        ("make the left chair red", ["restyle the left chair = a red chair"]),
        ("and the right one blue", ["restyle the right chair = a blue chair"]),
        ("make the left one darker", ["#0 restyle the left chair = a darker red chair"]),
        ("make the blue one green", ["#1 restyle the right chair = a green chair"]),
        ("make the first one striped", ["#0 restyle the left chair = a deep red striped chair"]),
        ("undo both", ["hide 0", "hide 1"]),
    ],
    [
        ("make the couch grey", ["restyle the couch = a grey couch"]),
        ("make the sofa tartan", ["#0 restyle the couch = a grey tartan couch"]),
        ("make the table lamp gold", ["restyle the table lamp = a gold table lamp"]),
        ("make the floor lamp gold", ["restyle the floor lamp = a gold floor lamp"]),
        ("paint the wall the same colour as the couch", ["restyle the wall = a grey wall"]),
        ("undo everything except the couch", ["hide 1", "hide 2", "hide 3"]),
    ],
    [
        ("make the sofa red", ["restyle the sofa = a red sofa"]),
        ("much darker", ["#0 restyle the sofa = a much darker red sofa"]),
        ("now in leather", ["#0 restyle the sofa = a maroon leather sofa"]),
        ("a bit lighter", ["#0 restyle the sofa = a slightly lighter maroon leather sofa"]),
        ("make it #336699", ["#0 restyle the sofa = a #336699 leather sofa"]),
    ],
    [
        ("make the sofa red", ["restyle the sofa = a red sofa"]),
        ("make the cushions yellow", ["restyle the cushions = yellow cushions"]),
        ("now the sofa green instead", ["#0 restyle the sofa = a green sofa"]),
        ("make the armchair the same colour as the sofa", ["restyle the armchair = a green armchair"]),
    ],
    [
        ("make the walls warm cream", ["restyle the walls = warm cream walls"]),
        ("make them sage", ["#0 restyle the walls = sage walls"]),
        (
            "make the armchair the colour of the rug",
            ["restyle the armchair = an armchair the colour of the rug"],
        ),
        ("no, red", ["#1 restyle the armchair = a red armchair"]),
    ],
    [
        ("hide the rug", ["ask"]),
        ("yes", ["remove the rug"]),
    ],
    [
        ("hide the rug", ["ask"]),
        ("no", []),
    ],
    [
        ("make the rug blue", ["restyle the rug = a blue rug"]),
        ("hide the rug", ["hide 0"]),
    ],
    [
        ("make the tub teal", ["restyle the tub = a teal tub"]),
        ("thanks, looks great", []),
        ("undo that and paint the tub white", ["undo 1", "restyle the tub = a white tub"]),
    ],
]


@pytest.mark.parametrize("turns", CONVERSATIONS, ids=lambda turns: turns[0][0])
def test_conversations(turns: list[tuple[str, list[str]]]) -> None:
    assert talk(*(sentence for sentence, _ in turns)) == [wanted for _, wanted in turns]


@pytest.mark.parametrize(
    "sentence",
    [
        "remove all the people",
        "I don't like it",
        "the desk was better in blue",
        "something else",
        "no",
        "wait",
        "clear the table",
        "drop the vase",
        "what happened to the lamp?",
        "paint the back wall",
        "first things first",
        "my original idea was a red desk",
        "start the car",
        "reset the clock on the wall",
    ],
)
def test_nothing_is_taken_back_on_a_guess(sentence: str) -> None:
    context = advance(Context(), "make the desk red", plan("make the desk red"))
    context = advance(context, "make the vase blue", plan("make the vase blue", context))
    assert not [
        s for s in plan(sentence, context).steps if isinstance(s, Undo | Redo | Goto | Hide | Show | Pick)
    ]


def test_a_pick_needs_variations() -> None:
    assert steps("the second one", Context(variations=3)) == ["pick 2"]
    assert steps("number 9", Context(variations=3)) == ["ask"]
    assert steps("the second one") == ["ask"]


def test_a_version_that_is_not_there_is_asked_for() -> None:
    assert steps(
        "go to version 7",
        Context(versions=2, head=2, history=(VersionView(0), VersionView(0), VersionView(1))),
    ) == ["ask"]


# ---- the context after a plan
def context_after(*sentences: str) -> Context:
    context = Context()
    for sentence in sentences:
        context = advance(context, sentence, plan(sentence, context))
    return context


def test_an_edit_appends_a_layer_and_a_revision_keeps_its_id() -> None:
    context = context_after("make the desk red", "make the lamp blue", "make the desk darker")
    assert context.layers == (
        LayerView(0, "the desk", "a deep red desk", "restyle"),
        LayerView(1, "the lamp", "a blue lamp", "restyle"),
    )
    assert (context.versions, context.head, context.focus) == (3, 3, (0,))
    assert context.sentences == ("make the desk red", "make the lamp blue", "make the desk darker")


def test_one_sentence_makes_one_version() -> None:
    context = context_after("make the desk red and the lamp blue and remove the rug")
    assert len(context.layers) == 3
    assert (context.versions, context.head, context.focus) == (1, 1, (0, 1, 2))


def test_talk_and_questions_make_no_version() -> None:
    context = context_after("make the desk red", "thanks", "change the lamp")
    assert (context.versions, context.head) == (1, 1)
    assert context.question is not None
    assert advance(context, "hello", Plan()).question is None


def test_undo_brings_back_the_words_that_a_layer_had() -> None:
    context = context_after("make the desk red", "make it blue", "undo")
    assert context.layers == (LayerView(0, "the desk", "a red desk", "restyle"),)
    assert (context.versions, context.head) == (2, 1)
    base = advance(context, "undo", Plan(steps=(Undo(count=5),)))
    assert base.head == 0
    assert [layer.visible for layer in base.layers] == [False]
    again = advance(base, "redo", Plan(steps=(Redo(count=2),)))
    assert again.layers == (LayerView(0, "the desk", "a blue desk", "restyle"),)


def test_an_edit_after_undo_starts_a_branch() -> None:
    context = context_after("make the desk red", "make the lamp blue", "undo", "make the rug green")
    assert [(layer.target, layer.visible) for layer in context.layers] == [
        ("the desk", True),
        ("the lamp", False),
        ("the rug", True),
    ]
    assert (context.versions, context.head) == (3, 3)
    assert advance(context, "undo", Plan(steps=(Undo(),))).head == 1
    assert [layer.visible for layer in advance(context, "goto", Plan(steps=(Goto(version=2),))).layers] == [
        True,
        True,
        False,
    ]


def test_variations_are_offered_and_one_is_picked() -> None:
    offered = context_after("show me three versions of the desk in red")
    assert (offered.variations, offered.layers, offered.versions) == (3, (), 0)
    picked = advance(offered, "the second", Plan(steps=(Pick(index=2),)))
    assert picked.layers == (LayerView(0, "the desk", "a red desk", "restyle"),)
    assert (picked.variations, picked.versions, picked.picked) == (3, 1, True)  # another one may be taken
    again = advance(picked, "no, the third", Plan(steps=(Pick(index=3),)))
    assert (len(again.layers), again.versions, again.picked) == (1, 2, True)
    assert (
        advance(
            again,
            "and the rug blue",
            Plan(steps=(Edit(target="the rug", prompt="a blue rug", kind="restyle"),)),
        ).variations
        == 0
    )
    assert advance(offered, "the ninth", Plan(steps=(Pick(index=8),))).layers == ()


def test_steps_that_name_nothing_change_nothing() -> None:
    context = context_after("make the desk red")
    for step in (
        Hide(layer=7),
        Show(layer=7),
        Goto(version=9),
        Redo(),
        Edit(target="x", prompt="y", kind="add", layer=5),
    ):
        after = advance(context, "?", Plan(steps=(step,)))
        assert (after.layers, after.versions, after.head) == (context.layers, 1, 1)


# ---- whatever is typed
VOCABULARY = """
    make the sofa red it and no undo back put a lamp in corner remove them both darker , . ? : → never mind is
    should be instead of same for too all first one version 3 leather what if don't with 'em very less more to
    into bring hide show another everything except but
"""
WORDS = st.sampled_from(VOCABULARY.split())
SENTENCES = st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=60)


@settings(max_examples=70, deadline=None)
@given(st.lists(SENTENCES, min_size=1, max_size=4))
def test_any_text_gets_a_plan_that_can_be_carried_out(sentences: list[str]) -> None:
    context = Context()
    for sentence in sentences:
        answer = plan(sentence, context)
        assert answer.steps or answer.say
        for step in answer.steps:
            if isinstance(step, Edit):
                assert step.target.strip()
                assert bool(step.prompt) == (step.kind != "remove")
        context = advance(context, sentence, answer)
        ids = [layer.id for layer in context.layers]
        assert ids == list(range(len(ids)))
        assert set(context.focus) <= set(ids)
        assert 0 <= context.head <= context.versions == len(context.history) - 1
