"""How things are spoken of: names, and what they are for. Data for expressions; no logic."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "floor": ("ground", "flooring"),
    "wall": ("walls", "wall behind everything"),
    "sofa": ("couch", "settee", "loveseat"),
    "armchair": ("easy chair", "lounge chair", "arm chair"),
    "chair": ("dining chair", "wooden seat", "side chair"),
    "ottoman": ("pouf", "footstool", "footrest", "hassock"),
    "coffee table": ("low table", "cocktail table", "sofa table"),
    "dining table": ("dinner table", "kitchen table", "large table"),
    "side table": ("end table", "nightstand", "bedside table"),
    "bed": ("double bed", "mattress"),
    "bookshelf": ("bookcase", "book shelf", "shelves", "shelving unit"),
    "cabinet": ("sideboard", "cupboard", "dresser", "chest of drawers"),
    "floor lamp": ("standing lamp", "standard lamp", "tall lamp"),
    "table lamp": ("desk lamp", "small lamp", "bedside lamp"),
    "rug": ("carpet", "mat", "area rug"),
    "plant": ("house plant", "potted plant", "pot plant", "greenery"),
    "picture": ("painting", "artwork", "framed picture", "poster", "wall art"),
    "mirror": ("looking glass", "wall mirror"),
    "clock": ("wall clock", "timepiece"),
    "window": ("window pane", "glass window"),
    "curtain": ("curtains", "drapes", "drapery"),
    "cushion": ("pillow", "throw pillow", "scatter cushion"),
    "vase": ("flower vase", "jar", "urn"),
    "cat": ("kitty", "kitten", "pussycat"),
    "dog": ("puppy", "doggy", "hound"),
    "television": ("tv", "TV set", "telly", "television set"),
    "basket": ("storage basket", "hamper", "laundry basket"),
}
"""Other names of each kind."""

GENERIC: Final[dict[str, frozenset[str]]] = {
    "lamp": frozenset({"floor lamp", "table lamp"}),
    "light": frozenset({"floor lamp", "table lamp"}),
    "table": frozenset({"coffee table", "dining table", "side table"}),
    "pet": frozenset({"cat", "dog"}),
    "animal": frozenset({"cat", "dog"}),
}
"""Names that cover several kinds; usable where only one such thing is there, or for all of them."""

RIVALS: Final[dict[str, frozenset[str]]] = {
    "wooden seat": frozenset({"armchair", "ottoman"}),
    "large table": frozenset({"coffee table", "side table"}),
    "low table": frozenset({"side table"}),
    "chair": frozenset({"armchair"}),
    "carpet": frozenset({"floor"}),
    "flooring": frozenset({"rug"}),
    "pillow": frozenset({"bed"}),
    "mattress": frozenset({"sofa"}),
    "tall lamp": frozenset(),
    "small lamp": frozenset(),
    "loveseat": frozenset({"armchair"}),
    "lounge chair": frozenset({"chair"}),
    "easy chair": frozenset({"chair"}),
    "footrest": frozenset(),
    "shelves": frozenset({"cabinet"}),
    "shelving unit": frozenset({"cabinet"}),
    "cupboard": frozenset({"bookshelf"}),
    "jar": frozenset({"basket"}),
    "greenery": frozenset({"window"}),
    "glass window": frozenset({"mirror"}),
    "looking glass": frozenset({"window"}),
}
"""Kinds whose presence makes a name ambiguous, so that it is not used there."""

USES: Final[dict[str, tuple[str, ...]]] = {
    "floor": ("walk on", "dance on", "sweep", "mop", "step on when crossing the room", "scrub with a mop"),
    "wall": (
        "paint with a roller",
        "put wallpaper on",
        "drill a hole into to hang things",
        "lean a ladder against",
    ),
    "sofa": (
        "sit on with two friends",
        "lounge on in the evening",
        "stretch out on for a nap",
        "share with guests",
        "sit on side by side",
        "slump onto after work",
    ),
    "armchair": (
        "sit in alone to read a novel",
        "sit in comfortably by yourself",
        "curl up in alone",
        "settle into with a cup of tea",
        "rest both arms on while sitting",
        "sink into on your own",
    ),
    "chair": (
        "pull up to the dinner table",
        "sit on upright",
        "sit on while eating",
        "offer to a guest at dinner",
        "sit on to write a letter",
    ),
    "ottoman": ("put your feet up on", "rest your feet on", "prop your legs on", "use as a footrest"),
    "coffee table": (
        "put your coffee cup on in front of the sofa",
        "rest a magazine on",
        "set down a cup of tea on",
        "leave the remote control on",
        "put snacks on while watching a film",
    ),
    "dining table": (
        "eat dinner at",
        "serve a meal on",
        "have breakfast at",
        "set with plates and forks",
        "gather around to eat",
    ),
    "side table": (
        "put an alarm clock on beside the bed",
        "keep a glass of water on at night",
        "put down your glasses on before sleep",
        "place a small lamp on",
    ),
    "bed": (
        "sleep in",
        "lie down in at night",
        "go to when you are tired",
        "spend the night in",
        "tuck a child into",
    ),
    "bookshelf": (
        "keep novels in",
        "look for something to read in",
        "store your books in",
        "line up encyclopedias on",
    ),
    "cabinet": (
        "store the dishes in",
        "put things away behind doors in",
        "keep the tablecloths in",
        "hide clutter in",
        "stow plates and glasses in",
    ),
    "floor lamp": (
        "switch on to light the corner",
        "turn on when it gets dark",
        "use to brighten the room from the floor",
        "plug in to get light beside the sofa",
    ),
    "table lamp": (
        "switch on to read in bed",
        "turn on for light on the table",
        "click on beside you at night",
        "use to light a tabletop",
    ),
    "rug": (
        "feel soft under bare feet",
        "vacuum the dust out of",
        "roll up and carry away",
        "wipe your feet on",
        "beat the dust out of",
    ),
    "plant": (
        "water once a week",
        "grow in a pot",
        "prune",
        "put in the sun so that it grows",
        "repot in spring",
    ),
    "picture": (
        "admire as art",
        "hang in a gallery",
        "frame and look at",
        "see in a museum",
        "buy from a painter",
    ),
    "mirror": (
        "check your hair in",
        "see your own face in",
        "look at yourself in",
        "see your reflection in",
        "use when putting on make-up",
    ),
    "clock": (
        "look at to know the time",
        "check so as not to be late",
        "read the hour from",
        "see what time it is on",
    ),
    "window": (
        "look outside through",
        "open to let in fresh air",
        "see the weather through",
        "let daylight in through",
    ),
    "curtain": (
        "draw to keep out the sun",
        "close for privacy",
        "pull shut in the evening",
        "use to darken the room",
    ),
    "cushion": (
        "hug on the sofa",
        "put behind your back",
        "plump up",
        "lean your back against for softness",
        "fluff up",
    ),
    "vase": ("put flowers in", "arrange a bouquet in", "fill with water for roses", "keep tulips in"),
    "cat": (
        "hear purr",
        "see chase mice",
        "hear meow",
        "feed with fish and stroke",
        "scratch behind the ears until it purrs",
    ),
    "dog": ("take for a walk", "hear bark", "play fetch with", "put on a leash", "throw a stick for"),
    "television": (
        "watch films on",
        "watch the news on",
        "follow a series on",
        "turn on to see a match",
        "play video games on",
    ),
    "basket": ("keep blankets in", "carry the laundry in", "put toys away in", "toss dirty clothes into"),
}
"""What one would do with each kind: completes "what you would …"."""

TRAITS: Final[dict[str, tuple[str, ...]]] = {
    "floor": ("is under everything", "carries all the furniture", "lies beneath our feet"),
    "wall": ("closes off the room", "surrounds the room", "stands behind the furniture"),
    "sofa": ("seats several people", "is the widest seat", "has room for two or three to sit"),
    "armchair": ("seats one person softly", "is a soft seat for one", "has armrests and room for one"),
    "chair": (
        "has a straight back and four legs to sit on",
        "is a hard seat with a back",
        "is a simple seat for one",
    ),
    "ottoman": ("has no back and supports tired feet", "is a soft seat without a back", "supports your legs"),
    "coffee table": ("is low and holds cups", "holds magazines and coffee", "is a low surface for drinks"),
    "dining table": ("holds the meals", "is where a family eats", "is the surface people eat from"),
    "side table": (
        "is a small surface beside a seat or bed",
        "holds little things at the bedside",
        "stands small beside the bed or sofa",
    ),
    "bed": ("is made for sleeping", "has a mattress and sheets", "is for a good night's rest"),
    "bookshelf": ("holds books", "is full of books", "stores things to read"),
    "cabinet": ("has doors and stores things", "has drawers or doors", "hides things behind doors"),
    "floor lamp": (
        "stands on the floor and gives light",
        "shines from a tall stand",
        "lights the room from a pole",
    ),
    "table lamp": ("gives light from a tabletop", "is small and gives light", "glows on a table"),
    "rug": ("covers part of the floor", "lies soft on the floor", "warms the floor"),
    "plant": ("is alive and green", "has leaves", "grows in a pot", "needs watering", "makes oxygen"),
    "picture": (
        "decorates the wall with art",
        "shows a painted scene",
        "was made by an artist",
        "hangs in a frame and shows art",
    ),
    "mirror": ("reflects the room", "shows your reflection", "shows your face"),
    "clock": ("tells the time", "shows the hour", "has hands and ticks", "tells you how late it is"),
    "window": ("lets in daylight", "shows the outside", "lets the sun in", "opens to the garden"),
    "curtain": ("keeps out the sun", "covers the window at night", "can be drawn shut", "hangs in folds"),
    "cushion": ("is soft and supports your back", "is small, soft and square", "makes a seat softer"),
    "vase": ("holds flowers", "is a vessel for cut flowers", "is filled with water for a bouquet"),
    "cat": ("purrs", "meows", "chases mice", "has whiskers"),
    "dog": ("barks", "wags its tail", "guards the house", "fetches sticks"),
    "television": ("shows films", "has a screen", "shows the news", "shows moving pictures"),
    "basket": (
        "holds blankets or laundry",
        "is woven or knitted to keep things in",
        "is an open container for laundry",
    ),
}
"""What each kind does or is: completes "the thing that …"."""

ACTIVITIES: Final[dict[str, tuple[str, ...]]] = {
    "floor": ("crawling babies", "dancing across the room"),
    "wall": ("painting a mural", "putting up wallpaper"),
    "sofa": ("sitting together", "lounging with friends", "seating three guests"),
    "armchair": ("sitting alone in comfort", "reading alone in comfort"),
    "chair": ("sitting upright", "sitting down to a meal"),
    "ottoman": ("resting tired feet", "putting up your legs"),
    "coffee table": ("setting down coffee cups", "laying out magazines"),
    "dining table": ("eating dinner", "having a family meal"),
    "side table": ("keeping small things by the bed", "standing a glass of water at night"),
    "bed": ("sleeping", "a night's rest", "lying down at night"),
    "bookshelf": ("keeping books", "storing novels"),
    "cabinet": ("storing dishes", "putting away tableware"),
    "floor lamp": ("lighting up the room", "lighting a dark corner"),
    "table lamp": ("lighting a table", "a bit of light by the bed"),
    "rug": ("keeping feet warm", "making the floor softer"),
    "plant": ("fresh air and green leaves", "a bit of nature"),
    "picture": ("decorating the wall with art", "looking at art"),
    "mirror": ("checking how you look", "fixing your hair", "trying on clothes"),
    "clock": ("telling the time", "knowing how late it is", "keeping track of the hours"),
    "window": ("looking outside", "airing the room", "letting in daylight"),
    "curtain": ("blocking the sun", "keeping neighbours from looking in", "darkening the room"),
    "cushion": ("leaning back softly", "a softer back", "hugging"),
    "vase": ("arranging flowers", "keeping a bouquet fresh", "holding roses"),
    "cat": ("catching mice", "purring company"),
    "dog": ("guarding the house", "long walks in the park"),
    "television": ("watching films", "watching the news", "seeing a football match"),
    "basket": ("storing blankets", "collecting laundry"),
}
"""What each kind is for: completes "something for …"."""


@cache
def free_uses() -> dict[str, tuple[str, ...]]:
    """By kind, whole phrases that mean a thing by its use or nature without its name, from ``uses.txt``."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in Path(__file__).with_name("uses.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            lines = found.setdefault(line[2:], [])
        elif line:
            lines.append(line)
    return {kind: tuple(texts) for kind, texts in found.items()}


USE_GENERIC: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("what you would sit on", frozenset({"sofa", "armchair", "chair", "ottoman"})),
    ("something to sit on", frozenset({"sofa", "armchair", "chair", "ottoman"})),
    ("where you would take a seat", frozenset({"sofa", "armchair", "chair", "ottoman"})),
    ("a place to sit down", frozenset({"sofa", "armchair", "chair", "ottoman"})),
    ("something that gives light", frozenset({"floor lamp", "table lamp"})),
    ("what lights the room", frozenset({"floor lamp", "table lamp"})),
    ("what you would switch on when it is dark", frozenset({"floor lamp", "table lamp"})),
    ("the source of light", frozenset({"floor lamp", "table lamp"})),
    ("what you would put a cup on", frozenset({"coffee table", "dining table", "side table"})),
    ("a living creature with fur", frozenset({"cat", "dog"})),
    ("the animal in the room", frozenset({"cat", "dog"})),
    ("something alive that moves", frozenset({"cat", "dog"})),
    ("what you would pet", frozenset({"cat", "dog"})),
)
"""Wordings that fit several kinds; they mean all such things together."""

USES_HELD_OUT: Final[dict[str, tuple[str, ...]]] = {
    "floor": (
        "what your shoes touch as you come in",
        "where a dropped marble ends up rolling",
        "the surface one would hoover",
    ),
    "wall": (
        "what you would hit a nail into",
        "the thing a decorator covers with paint",
        "what separates this room from the next",
    ),
    "sofa": (
        "where three people could watch a film together",
        "the best place for an afternoon nap besides a bed",
        "seating for more than one person",
    ),
    "armchair": (
        "grandpa's cosy spot for the newspaper",
        "a comfy single seat",
        "where one person could doze off sitting",
    ),
    "chair": (
        "a seat you tuck under a table",
        "what you'd perch on at mealtimes",
        "the plain thing one sits on to have lunch",
    ),
    "ottoman": (
        "where weary feet belong",
        "a soft thing to raise your heels on",
        "extra low seating without any backrest",
    ),
    "coffee table": (
        "a spot for my mug",
        "where I could drop my keys and magazines by the couch",
        "the knee-high surface for drinks",
    ),
    "dining table": (
        "where the family has supper",
        "where you would lay knives and forks",
        "the place for a dinner party",
    ),
    "side table": (
        "where the bedtime book would be laid down",
        "the little stand next to where one rests",
        "a handy surface within arm's reach",
    ),
    "bed": (
        "where someone dozes until morning",
        "what has blankets and is for dreaming",
        "the place to crawl into when exhausted",
    ),
    "bookshelf": (
        "a home for paperbacks",
        "where a bookworm would look first",
        "where the reading material lives",
    ),
    "cabinet": (
        "a place for crockery",
        "where you might stash the good china",
        "furniture to lock valuables away in",
    ),
    "floor lamp": (
        "the tall thing with a bulb",
        "what chases the darkness away from a high pole",
        "upright illumination",
    ),
    "table lamp": (
        "a little bulb with a shade standing on furniture",
        "what helps you see your book at midnight",
        "the small glowing thing",
    ),
    "rug": ("woven thing one steps on", "what keeps toes from getting cold", "the textile at ground level"),
    "plant": (
        "something a gardener would look after",
        "what needs sunlight and water",
        "botanical decoration",
    ),
    "picture": ("a work of art", "what an artist has made", "the decoration someone painted"),
    "mirror": (
        "where you could inspect your tie",
        "what would show me my own smile",
        "a surface that throws back your image",
    ),
    "clock": (
        "what tells you whether you are late",
        "the device with hour and minute hands",
        "how could I find out if it is noon",
    ),
    "window": (
        "where the sunshine comes from",
        "how do I see whether it rains",
        "the opening with a view of the hills",
    ),
    "curtain": (
        "fabric that stops people peeking in",
        "what to shut if the sun dazzles me",
        "hanging cloth beside the glass",
    ),
    "cushion": (
        "a soft square for lumbar support",
        "stuffed thing to lean on",
        "what kids throw in a fight on the couch",
    ),
    "vase": ("a home for cut roses", "where a bunch of tulips should go", "a vessel for blossoms"),
    "cat": ("the feline", "who might knock things off a shelf", "the whiskered hunter"),
    "dog": ("man's best friend", "who wants to go walkies", "the canine"),
    "television": (
        "where the evening news is on",
        "the thing you point the remote at",
        "an electronic screen",
    ),
    "basket": ("where dirty socks might be collected", "a woven container", "a bin for spare blankets"),
}
"""Wordings for evaluation only: `expressions` never makes these."""
