"""Casual wishes, told as people talk, and talk that wants nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.planner.builtin import BuiltinPlanner
from agent.planner.context import Context, advance
from agent.planner.plan import Ask, Edit, Goto, Hide, Look, Pick, Plan, Show, Tell, Undo, Variations

PLANNER = BuiltinPlanner()


def said(*sentences: str) -> Plan:
    """The plan of the last of some sentences."""
    context, plan = Context(), Plan()
    for sentence in sentences:
        plan = PLANNER.plan_now(sentence, context)
        context = advance(context, sentence, plan)
    return plan


@pytest.mark.parametrize(
    ("sentence", "kind", "target", "prompt"),
    [
        ("get them tiles white", "restyle", "the tiles", "white tiles"),
        ("rip out them old cupboards", "remove", "the old cupboards", ""),
        ("knock the saturation back on the sofa", "restyle", "the sofa", "a more muted sofa"),
        ("maybe take the shine off the floor", "restyle", "the floor", "a matt floor"),
        ("make that bench white as cotton", "restyle", "the bench", "a white bench"),
        ("make the wall black but not too black", "restyle", "the wall", "a soft black wall"),
        ("swap out the lampshade for smth in brass", "replace", "the lampshade", "a brass lampshade"),
        ("can the mirror be one of those wavy ones", "replace", "the mirror", "a wavy mirror"),
        ("gimme a coffee on the hood", "add", "on the hood", "a coffee"),
        ("it's got to go, that sofa", "remove", "the sofa", ""),
        ("paint them white, those walls", "restyle", "the walls", "white walls"),
        ("tarmac the drive", "restyle", "the drive", "a tarmac drive"),
        ("the trolley ought not to be in view", "remove", "the trolley", ""),
        ("I wonder if we could lose the scaffolding", "remove", "the scaffolding", ""),
        ("the stool's got to go, it was a present", "remove", "the stool", ""),
        ("the hall's too dim; brighten it up a touch", "restyle", "the hall", "a slightly brighter hall"),
        ("tartan on the ottoman tbh, we're Scottish", "restyle", "the ottoman", "a tartan ottoman"),
        ("yo make dat stool pink", "restyle", "the stool", "a pink stool"),
        ("what we need is the same bench but in walnut", "restyle", "the bench", "a walnut bench"),
        ("could we see it with a linen ottoman instead", "restyle", "the ottoman", "a linen ottoman"),
        ("Paint the door a black and white stripe.", "restyle", "the door", "a black and white striped door"),
        (
            "turn the rug into a blue and white striped one",
            "restyle",
            "the rug",
            "a blue and white striped rug",
        ),
        ("turn the window into teal linen curtains", "replace", "the window", "teal linen curtains"),
        ("swap the lamp for a black and gold one", "replace", "the lamp", "a black and gold lamp"),
        (
            "turn the walls into blue and white striped ones",
            "restyle",
            "the walls",
            "blue and white striped walls",
        ),
        ("the upholstery on the chair in green please", "restyle", "the chair", "a green chair"),
        (
            "hang a picture on the wall between the curtains and the clock.",
            "add",
            "on the wall between the curtains and the clock",
            "a picture",
        ),
        ("put a lamp between the mirror and the clock", "add", "between the mirror and the clock", "a lamp"),
        ("a brick wall would be nice", "restyle", "the wall", "a brick wall"),
        ("dull that corner, stick a fern in it", "add", "in the corner", "a fern"),
        ("I bet that bench'd be lovely in suede", "restyle", "the bench", "a suede bench"),
        ("them tiles'd look smart in slate", "restyle", "the tiles", "slate tiles"),
        ("the left-hand cushion wants to be lilac", "restyle", "the left cushion", "a lilac cushion"),
        ("righthand door in plum", "restyle", "the right door", "a plum door"),
        ("can that stool thingy go teal", "restyle", "the stool", "a teal stool"),
        ("could you lighten the rug a smidge", "restyle", "the rug", "a slightly lighter rug"),
        ("cool the walls down a teensy bit", "restyle", "the walls", "slightly cooler walls"),
        ("the bed's a bit on the dark side", "restyle", "the bed", "a slightly lighter bed"),
        ("bin the screen so we can see the window", "remove", "the screen", ""),
        ("let's lose the mat and see the floorboards", "remove", "the mat", ""),
        ("I'd fancy a clock over the fireplace", "add", "over the fireplace", "a clock"),
        (
            "turn the quilt into a stripy one, pink and grey",
            "restyle",
            "the quilt",
            "a pink and grey striped quilt",
        ),
        ("the blind in checks, navy and white", "restyle", "the blind", "a navy and white checked blind"),
        ("do the doors #8a2be2", "restyle", "the doors", "#8a2be2 doors"),
        ("slap some ochre on that wall", "restyle", "the wall", "an ochre wall"),
        ("move on to the desk and make that one birch", "restyle", "the desk", "a birch desk"),
        ("paint all round it, i mean the walls, peach", "restyle", "the walls", "peach walls"),
        ("I want an oak wardrobe", "restyle", "the wardrobe", "an oak wardrobe"),
        ("give us a lemon door", "restyle", "the door", "a lemon door"),
        ("we need a bigger rug", "restyle", "the rug", "a big rug"),
        ("add a red armchair", "add", "on the floor", "a red armchair"),
        ("put in a mirror", "add", "on the wall", "a mirror"),
        ("raynbow rug please", "restyle", "the rug", "a rainbow rug"),
        ("doorz white", "restyle", "the doors", "white doors"),
        ("the green is nice on the wall, just tone it down", "restyle", "the wall", "a more muted wall"),
        ("is the bed allowed to be grey", "restyle", "the bed", "a grey bed"),
        ("paint what you sit on blue", "restyle", "what you sit on", "a blue thing"),
        ("paint the left-hand side table white", "restyle", "the left side table", "a white side table"),
        ("what about getting rid of one of the two chairs", "remove", "one of the two chairs", ""),
        ("could u de-clutter the shelf", "remove", "the clutter on the shelf", ""),
        ("I'd kill for a green kitchen", "restyle", "the kitchen", "a green kitchen"),
        ("my daughter's after a purple chair", "restyle", "the chair", "a purple chair"),
        ("what would happen if the floor were dark wood", "restyle", "the floor", "a dark wood floor"),
        ("how about a pink fridge? do it", "restyle", "the fridge", "a pink fridge"),
        ("do the left one of the two lamps in chrome", "restyle", "the left lamp", "a chrome lamp"),
        ("change out the bedspread to something floral", "restyle", "the bedspread", "a floral bedspread"),
        (
            "a navy feature wall behind the telly please",
            "restyle",
            "the wall behind the telly",
            "a navy feature wall",
        ),
        ("turn up the warmth on that wall a notch", "restyle", "the wall", "a slightly warmer wall"),
        ("take the edge off that red on the rug", "restyle", "the rug", "a more muted rug"),
        ("could I see a leather sofa", "restyle", "the sofa", "a leather sofa"),
        ("the kids' bed in sky blue", "restyle", "the kids' bed", "a sky blue kids' bed"),
        (
            "a red and white chequered tablecloth",
            "restyle",
            "the tablecloth",
            "a red and white chequered tablecloth",
        ),
        ("not so much shine on the table", "restyle", "the table", "a matt table"),
        ("i'd go two shades darker on the walls", "restyle", "the walls", "two shades darker walls"),
        ("velvet for the lot of the chairs", "restyle", "all the chairs", "velvet chairs"),
        ("I'd take a futon over that bed any day", "replace", "the bed", "a futon"),
        ("can the hall be mint or is that too hard", "restyle", "the hall", "a mint hall"),
    ],
)
def test_what_is_said_in_its_own_way_is_done(sentence: str, kind: str, target: str, prompt: str) -> None:
    (step,) = said(sentence).steps
    assert isinstance(step, Edit)
    assert (step.kind, step.target, step.prompt) == (kind, target, prompt)


@pytest.mark.parametrize(
    "sentence",
    [
        "imagine a purple fridge, my landlord would cry",
        "The bench in our shop window got replaced by a longer one on Friday.",
        "If I had the time I would throw the whole lot out and begin again, but there we are.",
        "you should have seen it before, the walls were orange",
        "they wouldn't let me take the fireplace out because it's listed",
        "the kids drew on the wall with crayon, bless them",
        "what, remove the fireplace? are you mad?",
        "hmm do I want the curtains gone, I really can't tell",
        "if the council sees that fence they'll have it down",
        "if it were up to me there'd be no ceiling lights in the world",
        "put the kettle on love, I'm nearly done",
        "hmm the sofa in red... no idea",
        "do you think black candles are bad luck?",
        "would a lighter floor show the dirt more?",
        "the plumber reckons the bath has to come out",
    ],
)
def test_talk_changes_nothing(sentence: str) -> None:
    assert all(isinstance(step, Ask | Tell | Look) for step in said(sentence).steps)


@pytest.mark.parametrize("sentence", ["add a vase", "I need a candle", "put some fingerprints everywhere"])
def test_what_may_stand_on_this_or_that_is_asked_about(sentence: str) -> None:
    (step,) = said(sentence).steps
    assert isinstance(step, Ask)
    assert step.question.startswith("Where shall I put")


@pytest.mark.parametrize(
    "sentence",
    [
        "my nan had a sofa just like that, red it was, with lace on the arms",
        "sorry i was talking to the lady next to me",
        "my brother threw out his rug last week, moths",
        "I never did like leather, sticks to your legs in summer",
        "My daughter would probably paint it all black",
        "leather's so cold in winter",
        "mine at home is grey, with a hole in it",
        "white sofas and toddlers don't mix",
        "you'd never get that sofa through our door",
        "she's got the exact same lamp in her hall",
        "you know what they say, red and green should never be seen",
        "who on earth needs six cushions",
        "oops wrong button",
        "Wait, the kettle's boiling.",
    ],
)
def test_a_remark_is_heard_and_gets_no_question(sentence: str) -> None:
    plan = said(sentence)
    assert not plan.steps
    assert plan.say == "I see. Tell me when you want something in the picture changed."


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("someone at the shop told me you can take a lamp out of a photo, is that true?", "Yes, I can take"),
        ("can this thing add furniture?", "Yes: say what and where"),
        ("i heard these programs can swap one sofa for another", "Yes: say what for what"),
        ("will my photo be kept?", "I work on this machine"),
        ("what's the difference between beige and cream?", "Beige (#e7d9b8) is darker than cream"),
        ("is teal more blue or more purple?", "Teal (#168c8c) is nearer to blue."),
        ("is ivory darker than cream?", "Ivory (#fcf6e4) and cream (#faf0d7) are nearly the same."),
        ("what is taupe exactly?", "Taupe is a warm grey, #8c7d6e."),
    ],
)
def test_a_question_about_the_program_or_a_colour_is_answered(sentence: str, answer: str) -> None:
    plan = said(sentence)
    assert not plan.steps
    assert plan.say.startswith(answer)


def test_both_of_them_are_two_and_no_look() -> None:
    plan = said("make the left armchair plum", "and the other one teal", "hmm no, both of them plum")
    looks = [step.prompt for step in plan.steps if isinstance(step, Edit)]
    assert looks == ["a plum armchair", "a plum armchair"]


def test_two_of_several_are_not_all_of_them() -> None:
    (step,) = said("there's too many cushions, take away two").steps
    assert isinstance(step, Ask)


def test_a_lamp_is_not_switched_on() -> None:
    plan = said("can we turn the lamp on")
    assert not plan.steps
    assert plan.say.startswith("I cannot switch lights on")


def test_a_thing_that_is_complained_of_is_asked_about() -> None:
    (step,) = said("I'm not happy with that lamp").steps
    assert isinstance(step, Ask)


@pytest.mark.parametrize(
    "sentence", ["is that sofa grey or more of a green?", "what colour would you call the sofa?"]
)
def test_which_of_two_colours_a_thing_has_is_looked_up(sentence: str) -> None:
    assert said(sentence).steps == (Tell(about="the sofa", asked="colour"),)


def test_several_of_a_colour_for_a_thing_are_looks_of_it() -> None:
    (step,) = said("show me a few different blues for the walls, can't decide").steps
    assert isinstance(step, Variations)
    assert (step.target, step.prompt, step.kind) == ("the walls", "blue walls", "restyle")


def test_everything_but_one_thing_goes_back() -> None:
    plan = said("make the bed pink", "make the rug teal", "Everything but the bed can go back to how it was")
    assert plan.steps == (Hide(layer=1),)


def test_a_step_again_is_a_step_and_takes_nothing_back() -> None:
    (step,) = said("make the cabinets sage", "the cabinets lighter again").steps
    assert isinstance(step, Edit)
    assert step.prompt == "lighter sage cabinets"


def test_half_of_a_step_is_the_step_taken_back_and_a_smaller_one() -> None:
    undone, step = said("make the walls much darker", "Too much. Half of that.").steps
    assert undone == Undo(count=1)
    assert isinstance(step, Edit)
    assert step.prompt == "darker walls"


def test_half_of_a_colour_is_asked_about() -> None:
    (step,) = said("make the walls navy", "too much. half that").steps
    assert isinstance(step, Ask)


@pytest.mark.parametrize(
    "sentence", ["Nah, wood was nicer, put it how it was", "the wood looked better, change it back"]
)
def test_the_look_that_was_nicer_is_there_again(sentence: str) -> None:
    assert said("make the floor wood", "make the floor concrete", sentence).steps == (
        Show(layer=0, version=1),
    )


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("The middle one's the winner", 2),
        ("first one's my favourite by far", 1),
        ("second one hands down", 2),
        ("3 is the keeper", 3),
        ("the one on the left", 1),
    ],
)
def test_the_winner_is_picked(sentence: str, number: int) -> None:
    assert said("show me three versions of a green sofa", sentence).steps == (Pick(index=number),)


@pytest.mark.parametrize("sentence", ["Never mind, back to how we had it", "put it how I had it"])
def test_how_we_had_it_is_as_it_was(sentence: str) -> None:
    (step,) = said("make the sofa green", sentence).steps
    assert isinstance(step, Undo | Hide)


def test_everything_back_to_normal_is_the_original() -> None:
    plan = said("make the sofa green", "make the rug red", "everything back to normal please")
    assert plan.steps == (Goto(version=0),)


@pytest.mark.parametrize(
    "sentence", ["you know what, leave it in", "it can stay", "aw the kids'll be gutted, put it back"]
)
def test_what_was_just_taken_away_stays(sentence: str) -> None:
    assert said("remove the lamp", sentence).steps == (Hide(layer=0),)


def test_it_can_stay_takes_no_look_back() -> None:
    assert not said("make the lamp red", "it can stay").steps


def test_a_pattern_just_given_is_taken_off_and_not_out_of_the_picture() -> None:
    assert said("make the rug striped", "lose the stripes").steps == (Hide(layer=0),)


def test_not_there_puts_it_elsewhere() -> None:
    hidden, step = said("put a globe on the shelf", "not there, on the desk").steps
    assert hidden == Hide(layer=0)
    assert isinstance(step, Edit)
    assert (step.kind, step.target, step.prompt) == ("add", "on the desk", "a globe")


def test_both_are_the_two_things_that_were_spoken_of() -> None:
    plan = said("make the tiles terracotta", "make the plates white", "both of them a shade lighter")
    assert [step.target for step in plan.steps if isinstance(step, Edit)] == ["the tiles", "the plates"]


@pytest.mark.parametrize(
    ("sentence", "prompt"),
    [
        ("ok calm it down a notch", "slightly more muted orange curtains"),
        ("tone it right down", "more muted orange curtains"),
        ("bring it down two shades", "two shades darker orange curtains"),
        ("lovely, but a touch darker", "slightly darker orange curtains"),
    ],
)
def test_how_far_it_is_to_go_is_a_step(sentence: str, prompt: str) -> None:
    (step,) = said("make the curtains orange", sentence).steps
    assert isinstance(step, Edit)
    assert step.prompt == prompt


@pytest.mark.parametrize(
    "sentence",
    [
        "I don't like the chair after all, undo just the armchair",
        "hmm I don't like it after all, undo only the armchair",
        "the armchair was a mistake. undo the armchair alone",
    ],
)
def test_what_alone_is_undone_is_not_what_is_spared(sentence: str) -> None:
    plan = said("paint the walls sage green", "put a lamp in the corner", "make the armchair red", sentence)
    assert plan.steps == (Hide(layer=2),)


def test_the_other_one_too_is_what_was_tried_last_though_it_failed() -> None:
    context = Context()
    for sentence in ("make the curtains mustard", "make the pink armchair brown leather"):
        before, plan = context, PLANNER.plan_now(sentence, context)
        context = advance(context, sentence, plan)
    tried = replace(context.spoken[-1], outcome="", head=before.head)
    failed = replace(before, sentences=context.sentences, spoken=(*before.spoken, tried), done=False)
    (step,) = PLANNER.plan_now("and the other one too", failed).steps
    assert isinstance(step, Edit)
    assert (step.target, step.prompt) == ("the other armchair", "a brown leather armchair")


def test_even_less_after_less_goes_on_the_same_way() -> None:
    (step,) = said("make the walls green", "less bright", "even less").steps
    assert isinstance(step, Edit)
    assert "less" not in step.prompt
    assert "darker" in step.prompt


@pytest.mark.parametrize(
    "sentence",
    [
        "then paint the chair on the left burgundy and the other one mint",
        "the chair on the left in burgundy, the other one in mint",
    ],
)
def test_the_other_one_is_the_other_of_the_same_sentence(sentence: str) -> None:
    """Whatever was spoken of before it: it was the table."""
    plan = said("I'd like the table in white marble", sentence)
    assert [(step.target, step.prompt) for step in plan.steps if isinstance(step, Edit)] == [
        ("the chair on the left", "a burgundy chair"),
        ("all the chairs but the chair on the left", "mint chairs"),
    ]
