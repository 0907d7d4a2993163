"""The words that the built-in planner knows, by what they do in a sentence. Nothing but word lists.

A word that is in no list is kept as it is and takes its role from its place in the sentence ("make the
ottoman bouclé"), so the lists of nouns, colours and materials are hints and never a limit. Only the function
words and the verbs are a closed class. A word may be in several lists ("orange", "glass", "light"): the
reader decides by position.
"""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


def phrases(text: str) -> tuple[tuple[str, ...], ...]:
    """The phrases of a text, parted by bars, as tuples of words."""
    return tuple(tuple(phrase.split()) for phrase in text.split("|"))


# ---- looks: what a surface can be --------------------------------------------------------------------------
COLOURS = word_set("""
    red orange yellow green blue purple pink brown black white grey gray beige cream teal turquoise cyan
    magenta violet navy maroon burgundy crimson scarlet ruby cherry wine coral salmon peach apricot rust
    rusty terracotta ochre ocher amber gold golden mustard lemon lime olive sage mint emerald jade forest
    moss khaki aqua cobalt indigo lavender lilac mauve plum aubergine eggplant fuchsia rose blush champagne
    ivory ecru taupe tan camel caramel cognac chocolate coffee mocha espresso chestnut mahogany sepia silver
    charcoal anthracite graphite jet ebony off-white eggshell vanilla azure sapphire blonde blond ginger
    brunette auburn sky ultramarine petrol periwinkle cerulean bronze copper greige sand sandy oatmeal
    pistachio chartreuse neon pastel rainbow multicoloured multicolored colourful colorful monochrome
    greenish bluish reddish yellowish brownish greyish grayish whitish pinkish purplish orangey tomato
    strawberry raspberry tangerine saffron cinnamon toffee honey butter buttercup seafoam ocean midnight
    orchid thistle wheat sienna peru bordeaux claret oxblood vermilion iris viridian
    powder royal hunter racing brick-red blood blood-red black-and-white pitch-black snow-white jet-black
    sky-blue navy-blue
""")

SHADES = word_set("""
    dark darker darkest light lighter lightest bright brighter brightest pale paler deep deeper dull duller
    muted vivid soft softer warm warmer cool cooler cold colder dim dimmer rich richer faded intense pure
    dusty smoky hot saturated desaturated subtle subdued bold bolder loud louder electric baby
""")
MATERIALS = word_set("""
    leather leatherette suede velvet velour linen wool woollen woolen cotton silk satin denim corduroy tweed
    felt fleece fur sheepskin bouclé boucle chenille canvas jute sisal hemp burlap mesh lace fabric cloth
    textile microfibre polyester nylon vinyl plastic acrylic perspex plexiglass rubber foam latex resin wood
    wooden oak walnut pine birch beech ash maple cherrywood teak rosewood cedar ebony bamboo rattan wicker
    cane cork plywood mdf laminate parquet driftwood timber hardwood herringbone marble granite stone slate
    limestone sandstone travertine terrazzo quartz onyx concrete cement brick bricks brickwork tile tiles
    tiled mosaic ceramic porcelain terracotta clay plaster stucco metal metallic steel iron brass copper
    bronze chrome aluminium aluminum tin zinc pewter gold silver glass crystal mirrored mirror paper
    cardboard wallpaper straw thatch moss grass ice snow lava stainless wood-effect knitted crochet quilted
    macrame macramé shiplap panelling paneling wainscoting cashmere mohair flannel jersey chintz damask
    brocade tulle nickel enamel hessian raffia seagrass muslin stoneware earthenware formica tatami gravel
    bark turf
""")
MATERIAL_NOUNS = word_set("""
    glass mirror tile tiles brick bricks paper moss grass ice snow fur stone wallpaper cork canvas fabric
    cloth cane paneling panelling wood timber iron tin foam crystal clay lace fleece felt plaster straw
    mosaic
""")
"""Materials that are as often a thing ("remove the mirror")."""

PATTERNS = word_set("""
    striped stripes stripey stripy pinstriped checked checkered chequered checkerboard chequerboard tartan
    plaid gingham houndstooth spotted polka-dot polka-dotted dotted dots dotty floral flowery flowered
    paisley geometric patterned zigzag chevron argyle marbled camouflage camo leopard zebra tiger
    animal-print tie-dye ombre ombré plain solid swirly starry tropical botanical
""")
FINISHES = word_set("""
    rocking folding sliding swivel blurred blurry sharp crisp shiny shinier glossy glossier matte matt mat
    polished brushed rough rougher smooth smoother textured fluffy fluffier fuzzy furry hairy woolly tufted
    buttoned padded weathered distressed aged worn antique vintage rustic modern contemporary minimalist
    classic traditional retro industrial scandinavian nordic victorian baroque bohemian boho mid-century
    art-deco deco japanese chinese moroccan persian oriental mediterranean futuristic gothic elegant
    luxurious fancy cosy cozy comfy comfortable clean cleaner dirty dirtier old older new newer broken
    cracked rusted peeling transparent translucent see-through frosted tinted stained lacquered varnished
    painted bare raw natural reclaimed faux fake real genuine solid hammered galvanised galvanized oiled
    waxed bleached whitewashed upholstered woven braided embroidered quilted round square rectangular oval
    circular curved straight angular open closed lit unlit on off wet dry burning sparkly glittery
    glittering glowing fluorescent iridescent metallic pearly chic sleek plush slim simple ornate decorative
    rounded abstract happy sad sleeping sitting smiling messy tidy empty full crumpled folded cloudy sunny
    stormy snowy rainy foggy misty blooming leafy lush wilted dead fresh healthy expensive cheap quirky
    funky playful romantic moody airy bland nautical farmhouse coastal country french italian danish swedish
    english american victorian-style edwardian georgian colonial cottagecore brutalist steampunk cyberpunk
""")
SIZES = word_set("""
    big bigger biggest large larger largest huge small smaller smallest little tiny tinier massive giant
    gigantic enormous tall taller short shorter long longer wide wider narrow narrower thick thicker thin
    thinner slim slimmer fat fatter high higher low lower heavy heavier mini miniature oversized chunky
    chunkier medium fuller
""")
MATERIAL_MODIFIERS = word_set("""
    faux fake real genuine solid brushed polished raw reclaimed stained frosted aged worn cracked distressed
    weathered vegan patent crushed exposed stainless tufted quilted rough smooth natural bare oiled bleached
    lacquered tinted clear hammered wrought cast
""")
COMPARATIVES: dict[str, str] = {
    "darker": "dark", "lighter": "light", "brighter": "bright", "paler": "pale", "deeper": "deep",
    "duller": "dull", "softer": "soft", "warmer": "warm", "cooler": "cool", "colder": "cold",
    "richer": "rich", "bolder": "bold", "bigger": "big", "larger": "large", "smaller": "small",
    "tinier": "tiny", "taller": "tall", "shorter": "short", "longer": "long", "wider": "wide",
    "narrower": "narrow", "thicker": "thick", "thinner": "thin", "slimmer": "slim", "fatter": "fat",
    "higher": "high", "lower": "low", "shinier": "shiny", "glossier": "glossy", "rougher": "rough",
    "smoother": "smooth", "fluffier": "fluffy", "cleaner": "clean", "dirtier": "dirty", "older": "old",
    "newer": "new", "dimmer": "dim", "louder": "loud", "redder": "red", "greener": "green", "bluer": "blue",
    "whiter": "white", "blacker": "black", "browner": "brown", "greyer": "grey", "yellower": "yellow",
    "pinker": "pink", "chunkier": "chunky", "heavier": "heavy", "rounder": "round", "fuller": "full",
    "simpler": "simple", "cosier": "cosy", "cozier": "cozy", "fancier": "fancy", "straighter": "straight",
    "stripier": "stripy", "sleeker": "sleek", "furrier": "furry", "happier": "happy", "leafier": "leafy",
    "denser": "dense", "rustier": "rusty", "wilder": "wild", "plainer": "plain", "sharper": "sharp",
}  # fmt: skip
OPPOSITES: dict[str, str] = {
    "dark": "light", "light": "dark", "bright": "dark", "pale": "deep", "deep": "pale", "dull": "vivid",
    "vivid": "muted", "muted": "vivid", "soft": "bold", "bold": "soft", "warm": "cool", "cool": "warm",
    "cold": "warm", "rich": "muted", "big": "small", "large": "small", "small": "big", "tiny": "big",
    "little": "big", "huge": "small", "tall": "short", "short": "tall", "long": "short", "wide": "narrow",
    "narrow": "wide", "thick": "thin", "thin": "thick", "high": "low", "low": "high", "shiny": "matte",
    "glossy": "matte", "matte": "shiny", "matt": "shiny", "rough": "smooth", "smooth": "rough",
    "dirty": "clean", "old": "new", "new": "old", "modern": "classic", "dim": "bright", "loud": "muted",
    "colourful": "muted", "colorful": "muted", "plain": "patterned", "fat": "slim", "slim": "chunky",
    "chunky": "slim", "saturated": "muted", "intense": "muted", "faded": "vivid", "massive": "small",
    "gigantic": "small", "enormous": "small", "light-coloured": "dark", "heavy": "light", "flashy": "muted",
    "gaudy": "muted", "garish": "muted",
}  # fmt: skip
"""What to ask for when a thing is "too X" or should be "less X"."""
COMPARATIVE_OF: dict[str, str] = {plain: more for more, plain in reversed(COMPARATIVES.items())}

COLOUR_OF_VERB: dict[str, str] = {
    "darken": "darker", "lighten": "lighter", "brighten": "brighter", "deepen": "deeper",
    "mute": "more muted",
    "soften": "softer", "enlarge": "bigger", "shrink": "smaller", "widen": "wider", "whiten": "white",
    "blacken": "black", "whitewash": "whitewashed", "modernise": "modern", "modernize": "modern",
    "polish": "polished", "carpet": "carpeted", "blur": "blurred", "sharpen": "sharp", "age": "aged",
    "rust": "rusty", "lengthen": "longer", "shorten": "shorter", "dim": "dimmer", "gild": "golden",
    "open": "open", "close": "closed", "shut": "closed", "light": "lit", "clean": "clean",
    "extinguish": "unlit", "straighten": "straight", "warm": "warmer", "cool": "cooler", "tone": "more muted",
    "dull": "duller", "bleach": "bleached", "desaturate": "more desaturated", "thicken": "thicker",
}  # fmt: skip
"""Verbs that say the look themselves."""

VAGUE_LOOKS = word_set("""
    different nice nicer better prettier pretty beautiful cool fancier good best great interesting
    unique special something anything else other another change changed fun perfect improved stylish
    stylisher lovely lovelier cuter cute wow amazing fresh fresher exciting awesome fabulous wonderful weird
    random
""")
"""Looks that do not say what to paint."""

LOOK_NOUNS = word_set("""
    colour color colours colors style look finish shade tone hue pattern material fabric texture print
    design coat paint upholstery makeover covering cover effect vibe theme scheme version tint kind sort
    type lick splash dash layer touch pop hint covering
""")
"""Nouns that stand for a look: "a leather look", "a coat of green paint", "a nice shade of blue"."""

# ---- things ------------------------------------------------------------------------------------------------
NOUNS = word_set("""
    dish dishes poodle poodles
    sofa couch settee loveseat armchair chair stool barstool bench ottoman pouf pouffe footstool recliner
    chaise seat rocker hammock beanbag throne daybed futon bed cot crib bunk mattress headboard duvet
    blanket throw quilt bedspread sheet sheets pillow cushion table desk nightstand sideboard cabinet
    cupboard dresser drawers drawer wardrobe closet armoire credenza console bookshelf bookcase shelf
    shelves shelving rack chest trunk stand unit cart trolley tv television telly screen monitor computer
    laptop phone speaker radio piano guitar violin lamp lampshade light lights chandelier pendant sconce
    lantern candle candles candlestick candleholder bulb spotlight rug carpet mat runner doormat floor
    flooring floorboards ceiling wall walls wallpaper door doorway doors window windows windowsill sill
    blinds blind shutters shutter curtain curtains drapes drape frame frames picture painting poster photo
    photograph print canvas artwork art mirror clock vase vases pot planter plant plants flower flowers
    bouquet tree cactus succulent fern palm ivy bonsai monstera orchid rose roses tulips sunflower
    sunflowers leaf leaves bush hedge basket box boxes bin bowl plate cup mug glass bottle jug teapot kettle
    book books magazine newspaper toy toys teddy ball globe statue sculpture bust figurine ornament trophy
    fireplace mantelpiece mantel stove oven fridge refrigerator sink tap faucet bath bathtub shower toilet
    basin counter countertop worktop island backsplash radiator heater fan vent pipe column pillar beam
    beams arch stairs staircase stair railing banister balcony terrace porch fence gate roof chimney garden
    lawn patio pool pond fountain path driveway road street pavement sidewalk car bike bicycle truck van bus
    boat ship plane train cat kitten dog puppy hound bird parrot fish goldfish aquarium rabbit hamster horse
    cow sheep lamb person people man men woman women boy girl child children kid kids baby guy lady face
    hair beard eyes shirt t-shirt tshirt jacket coat dress skirt trousers pants jeans shoes shoe boots hat
    cap scarf tie glasses sunglasses bag handbag backpack suitcase umbrella sky cloud clouds sun moon star
    stars mountain mountains hill hills sea ocean lake river beach sand grass field forest snow water waves
    bridge building buildings house tower castle sign background foreground backdrop room furniture thing
    things stuff object objects item items piece pieces side sides leg legs arm arms back seats base top
    handle handles knob knobs shade shades skirting baseboard baseboards moulding molding trim tiles tile
    bricks wood board boards panel panels partition screen tapestry rope hook coat-rack coatrack hatstand
    bookend easel sewing machine heater airplane balloon balloons cake fruit apple apples bread food
    dinosaur trough bean beans barn silo stable kennel poodle labrador dalmatian bulldog husky beagle
    terrier corgi retriever soup noodles sushi pasta burger sandwich cheese egg eggs bathroom bedroom
    kitchen hallway hall nursery attic basement cellar lounge study library corridor balcony loft studio
    office scooter motorbike
    motorcycle tractor lorry taxi spaceship rocket ufo butterfly bee glove gloves necklace earring bracelet
    watch crown tiara wig moustache mustache tattoo kilim fox owl duck deer goat pig hen rat mouse snake
    frog whale shark turtle monkey wheelbarrow fork knife spoon pan pizza tube mural rail nail sock socks
    pillowcase letterbox flag pebble pebbles rock trampoline barbecue grill deckchair parasol awning jacuzzi
    treadmill ladder shed zip button sleeve collar pocket label belt hood bell pole lamppost hydrant antenna
    aerial gutter mailbox slide seesaw pergola gazebo conservatory lighthouse windmill swan penguin camel
    giraffe pony donkey parasol surfboard skateboard snowboard ski helmet sword shield flute drum drums
    violin harp trumpet microphone camera tripod telescope microscope keyboard printer router headphones
    phone remote binoculars map postcard envelope letter stamp pencil pen brush easel palette scissors
    needle thread hammer saw drill screwdriver bucket mop broom sponge soap towel towels toothbrush razor
    comb perfume lipstick purse wallet watch wristwatch coin coins banknote elephant lion tiger leopard
    zebra bear dragon robot unicorn ghost pumpkin snowman christmas disco vacuum cleaner chessboard
    chandeliers lamps sofas couches armchairs chairs tables rugs pictures paintings posters cushions pillows
    stools benches cabinets bookshelves bookcases clocks mirrors cats dogs birds beds desks cupboards throws
    blankets wine tray plates bowls cups mugs bottles baskets pots planters shrub cord cable cables wire
    wires socket switch plug crack stain spot hole mess clutter rubbish trash junk logo text watermark
    shadow shadows reflection dust tv-stand gravel lawn beach floorboards footrest divan swing tent canopy
    stripe scratching post cage perch jar tin lid curtain-rod rod valance tablecloth napkin placemat doily
    accent feature
""")
PLACES = word_set("""
    corner left right middle centre center side front background foreground space area spot place gap edge
    bottom top room floor wall
""")
DIRECTIONS = word_set(
    "left right top bottom middle centre center upper lower back front rear far near nearest other"
)
"""Words that say which of several ("the left lamp")."""

MASS_NOUNS = word_set("""
    furniture wallpaper grass hair water sand snow bedding lighting flooring upholstery carpeting parquet
    shelving wood glass leather stuff art artwork food bread fruit rubbish trash clutter junk dust ivy
    shrubbery panelling paneling brickwork greenery foliage sushi pasta soup cheese noodles
""")
PLURALS = word_set(
    "people men women children kids feet leaves mice drapes stairs sheep fish jeans trousers glasses"
)
SINGULAR_S = word_set(
    "glass grass bus canvas chaise cactus dress mattress compass iris christmas hibiscus atlas lens"
)

# ---- verbs -------------------------------------------------------------------------------------------------
MAKE = word_set("""
    make turn change transform convert switch set render alter modify adjust update redo do have get keep
    try go paint repaint colour color recolour recolor dye stain tint spray spray-paint spraypaint upholster
    reupholster re-upholster cover recover wrap clad coat finish refinish re-cover panel tile carpet
    wallpaper decorate redecorate dress style restyle refresh remodel varnish lacquer fill pave plaster line
    draw sketch shade become morph upgrade redesign rework reimagine restain retile bathe drench give apply
    revamp refurbish renovate
""")
"""Verbs that give a thing another look, or turn it into another thing."""
SURFACE = word_set("""
    paint repaint colour color recolour recolor dye stain tint spray spray-paint spraypaint upholster
    reupholster re-upholster cover recover re-cover wrap clad coat finish refinish panel tile carpet
    wallpaper decorate redecorate dress varnish lacquer pave plaster line fill restain retile bathe drench
""")
"""Those of them that only ever change a surface."""
REPLACE = word_set("replace swap exchange substitute trade sub switch")
REMOVE = word_set("""
    remove delete erase eliminate ditch lose scrap bin drop trash kill clear wipe nuke zap axe yeet dump
    discard banish vanish evict toss chuck throw take rub strip dispose clean-up purge omit cut scrub
    crop-out vaporise vaporize obliterate nix yank sack
""")
ADD = word_set("""
    add put place insert include hang stick pop throw chuck toss drop plonk plop set install lay mount
    position park plant slap whack bring introduce draw create generate build shove sling pin prop squeeze
    stand sit get give paint stuff attach fit stretch drape lean rest scatter sprinkle arrange toss spread
""")
WANT = word_set("want need like love prefer fancy wish desire adore crave require hope")
SEE = word_set("see show imagine picture envision try view visualise visualize consider test")
MOVE = word_set(
    """
    move shift rotate flip slide push pull resize crop zoom tilt swivel rearrange reposition straighten
    mirror
"""
)
"""Verbs for what an edit cannot do."""
VAGUE = word_set("""
    improve fix enhance change edit help surprise tweak jazz spice liven sort freshen spruce tidy beautify
    update upgrade redecorate revamp decorate renovate refresh restyle style redesign adjust modify alter
    touch
""")
PAST: dict[str, str] = {
    "painted": "paint", "made": "make", "turned": "turn", "changed": "change", "removed": "remove",
    "gone": "remove", "replaced": "replace", "swapped": "swap", "covered": "cover",
    "upholstered": "upholster", "dyed": "dye", "stained": "stain", "deleted": "delete", "erased": "erase",
    "taken": "take", "put": "put", "added": "add", "done": "do", "recoloured": "recolour",
    "recolored": "recolor", "repainted": "repaint", "wrapped": "wrap", "converted": "convert",
    "transformed": "transform", "reupholstered": "reupholster", "exchanged": "exchange", "hidden": "hide",
    "restored": "restore", "coloured": "colour", "colored": "color", "tiled": "tile", "set": "set",
    "thrown": "throw", "cleared": "clear", "switched": "switch", "placed": "place", "hung": "hang",
    "finished": "finish", "clad": "clad", "lost": "lose", "scrapped": "scrap", "wiped": "wipe",
    "disappeared": "remove", "eliminated": "eliminate", "redone": "redo", "updated": "update",
    "brought": "bring", "panelled": "panel", "papered": "wallpaper", "wallpapered": "wallpaper",
    "darkened": "darken", "lightened": "lighten", "brightened": "brighten", "binned": "bin",
    "dumped": "dump",
}  # fmt: skip

# ---- closed classes ----------------------------------------------------------------------------------------
DEFINITE = word_set(
    "the my our your his her their its this that these those both all every each whole entire own"
)
INDEFINITE = word_set(
    "a an some another any one two three four five six seven eight nine ten few several couple more"
)
PRONOUNS = word_set("it them they that this those these itself")
LOCATIVES = word_set("""
    on in at near beside besides behind under underneath below above over beneath by next between against
    inside outside around along across opposite through within upon atop onto beyond amid amongst among
""")
MODALS = word_set("""
    can could would will shall should may might must ought need needs has have gotta want wants deserves
    deserve requires lacks calls cries screams scream begs
""")
BE = word_set(
    """
    is are be was were been being am become becomes look looks looked looking seem seems go goes feel feels
    appear
"""
)

POLITE = word_set("""
    please pls plz thanks thank hey hi hello ok okay alright right so well hmm hm uh um erm er oh ah eh now
    then just maybe perhaps kindly quickly simply basically literally honestly actually cheers mate dude bro
    buddy lol haha yes yeah yep yup sure lovely and but or also gosh man dear wow ooh yo ugh oops nah no
    nope argh next finally first firstly secondly lastly afterwards meanwhile hence anyway btw additionally
    furthermore plus sorry really totally definitely probably ideally rather still again only tbh imo imho
    if possible today already obviously
""")
"""Words that may stand at either end of a request and add nothing to it."""
DEGREES = word_set("""
    a bit little slightly somewhat much far way lot even really very quite rather super so too still tad
    touch bits extra totally completely fully entirely all properly absolutely nice nicely really kind of
    kinda sort sorta more less
""")
EVALUATIVE = word_set("""
    ugly awful horrible terrible boring hideous stupid silly damn bloody nasty dreadful dull-looking weird
    annoying tacky old-fashioned crappy shabby dated drab dingy gross lame ghastly atrocious godawful lovely
    beautiful pretty nice cute poor bad wretched pesky freaking damned blasted horrid random unsightly
""")
"""What people call a thing that they want changed: no help in finding it."""

NUMBERS: dict[str, int] = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "once": 1, "twice": 2, "thrice": 3, "couple": 2, "pair": 2, "few": 3, "several": 3,
    "single": 1, "some": 3,
}  # fmt: skip
ORDINALS: dict[str, int] = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5,
    "5th": 5, "sixth": 6, "6th": 6, "seventh": 7, "7th": 7, "eighth": 8, "8th": 8,
}  # fmt: skip

SLANG: dict[str, str] = {
    "lite": "light",
    "u": "you", "ur": "your", "da": "the", "teh": "the", "gimme": "give me", "lemme": "let me",
    "wanna": "want to", "gonna": "going to", "gotta": "have to", "n": "and", "&": "and", "+": "and",
    "w/": "with", "w": "with", "b4": "before", "thru": "through", "cuz": "because", "coz": "because",
    "r": "are", "plz": "please", "pls": "please", "pleas": "please", "thx": "thanks", "ty": "thanks",
    "cos": "because", "dat": "that", "dis": "this", "wud": "would", "cud": "could", "shud": "should",
    "wld": "would", "cld": "could", "shld": "should", "lets": "let's", "im": "i am", "id": "i would",
    "dont": "do not", "doesnt": "does not", "cant": "can not", "wont": "will not", "isnt": "is not",
    "didnt": "did not", "wouldnt": "would not", "shouldnt": "should not", "thats": "that is",
    "whats": "what is", "its": "its", "ive": "i have", "cannot": "can not", "outta": "out of",
    "'em": "them", "em": "them", "'til": "until", "smth": "something", "sth": "something", "pic": "picture",
    "bg": "background", "col": "colour", "yea": "yeah", "form": "from", "bout": "about", "nxt": "next",
    "wth": "with", "sum": "some", "wiht": "with", "hte": "the", "te": "the", "al": "all", "adn": "and",
    "nad": "and", "ot": "to", "fo": "of", "fro": "for", "si": "is", "taht": "that", "thsi": "this",
    "wal": "wall", "coulda": "could have", "shoulda": "should have", "lotta": "lot of", "tho": "though",
    "rn": "now", "abt": "about",
}  # fmt: skip

COMMON = word_set("""
    sweep swept brush brushed dust dusting mop wash washed scrubbed fell broke spilled spilt ate chewed
    bought gave took found died hated knocked destroyed ruined disappeared eyesore mess disaster nightmare
    monstrosity filthy worse tired wild nuts rocking folding sliding swivel log logs firewood cowhide quit
    exit save saved saving export download upload share send stop anymore anyway anyhow somewhat someplace
    sometime nowadays afterward beforehand underneath altogether i you he she we us me him who whom whose
    what which when where why how whether not no never none nothing nobody if because although though while
    until unless since before after during than about of off out up down away into to for from with without
    through via per else ever always often sometimes usually perhaps maybe there here everywhere anything
    something everything everyone someone anyone let lets let's there's goes went going come came coming
    know knew think thought say said tell told ask talk speak mean meant work works working worked start
    started stop end begin began leave left stay kept keep keeps bring brought back again once undo redo
    revert reset restore original version versions step steps compare before after hide show unhide
    variation variations option options variant variants alternative alternatives idea ideas choice choices
    pick choose select use using used good better best bad worse worst great fine perfect happy sad wrong
    right true false same different similar other others each matching match matches matched like likes
    liked love loves loved hate hates hated dislike enough much many most least less more little few lot
    lots plenty bit day days week month year time times today tomorrow yesterday morning night home house
    flat apartment office shop rent renting sell selling buy buying bought cost costs price money cheap wife
    husband mum mom dad mother father sister brother son daughter friend friends grandma grandpa boss
    neighbour neighbor everybody weather rain sunny joke story name names called call hello hi hey bye
    goodbye goodnight thanks thank please sorry okay done ready wait hang hold moment second seconds minute
    minutes hour hours long quick quickly slow slowly fast easy hard difficult possible impossible maybe
    sure certain real really actually just only also too very quite half quarter double everything whole
    part parts bits of makes making made turned turning changing changed painted painting doing did does
    done has had having been being was were will would shall should can could may might must ought dare need
    needs needed want wants wanted wish live lives living lived move moved moving read write see saw seen
    look looks looking seems hear heard play put puts run runs set sit sits sitting sleep stands standing
    hangs hanging lying lies above happened happen happens forget forgot remember guess suppose believe feel
    feels felt care hope hopes thinking wondering wonder wonders mind minds opinion question answer help
    helps helped app program tool model computer machine undoable photo image images pic pics scene view
    shot awful terrible horrible ugly boring stupid annoying cute lovely awesome amazing gorgeous stunning
    brilliant excellent fantastic wonderful superb neat wicked sweet tacky dated bland yuck meh ew hmm huh
    aha oops whoops dang damn hell heck nah nope yep yes no way worries problem issue trouble mistake people
    anybody instead rather except apart besides otherwise however therefore thus still yet already soon
    later now then next last first second third fourth fifth final previous earlier latest current existing
    new newest recent shed shelf soda fringe wheel wheels plank planks line lines lime lamb lace place chain
    coach start stare stars shore word words world short shirt shape shapes share sharp cone zip zipper
    crate range horn bark crown blouse pear grape grate desert spring summer autumn winter sunset sunrise
    sleeve sleeves collar button buttons heel heels label labels kilim hessian zebra fox owl pub port bell
    ball bull bill pill mill belt belts bend lend land lands band hand hands head heads hair chin chip chips
    ship shop shops dish dishes duck ducks deer goat goats pig pigs hen rat mouse snake snakes frog frogs
    whale shark turtle monkey tower towers wheelbarrow cork fork forks knife knives spoon spoons pan pans
    spot spots stop stops post posts part party parts past paste pasta pizza plain plane planes planet plans
    plan planned span spin skin skinny sign signs song songs sing wing wings wind windmill dome done dune
    tune tuna tube tubes rube cube cubes mural murals rail rails nail nails tail tails sail sails bail jail
    mail mailbox male mall ball fall falls hall halls call tall wallet small smell spell shell shells sell
    seal steal steam stream dream creamy crease grease lease please pleat pleated ruffle ruffled ruffles
    frill frills tassel tassels bow bows ribbon ribbons rib ribs rip ripped hole holes hold whole pole poles
    sole soles mole mold mould fold folds wolf wolves roofs room rooms root roots boot boots hook hooks cook
    lock locks block blocks rock rocks sock socks dock docks pillowcase pillowcases bedsheet linens runner
    runners throws stoolie number numbers letter letters letterbox bathroom kitchen bedroom hallway dining
    nursery attic basement garage entrance entry lounge study library corridor bay pocket pockets flag flags
    hedge hedges gravel pebbles pebble stones rocks sandpit trampoline barbecue bbq grill deckchair parasol
    awning sunshade sofabed chesterfield eames windsor adirondack papasan skyline city town village
    countryside jungle galaxy aurora fireworks lightning fog mist smoke fire flame flames waterfall cliff
    cliffs valley volcano island islands jacuzzi sauna gym treadmill dumbbell scooter motorbike motorcycle
    tractor lorry taxi spaceship rocket ufo alien dragonfly butterfly butterflies bee bees bug bugs spider
    spiders cobweb cobwebs apron glove gloves mitten mittens necklace earring earrings ring rings bracelet
    watch watches crown tiara wig moustache mustache ponytail freckles lipstick nails tattoo tattoos
    piercing smile smiling frown scratch scratches dent dents mark marks smudge smudges blemish blemishes
    wrinkle wrinkles pimple pimples chance chances dream dreams dreamed suit suits suited sound sounds
    sounded nature natural naturally normal normally official able accept according account across act
    action actual address admit adult affect afraid age ago agree agreed ahead air allow allowed alone
    already amount ancient anger announce annual answer appear apply approach appropriate area argue arrange
    arrive article artist aside assume atmosphere attack attempt attention attract attractive audience
    available average aware bake ban bar basic basically basis battle beat beauty bedspread beforehand
    behave behaviour belief believe below benefit bet beyond bite blame blind blow body boil bond bone boss
    bother bound brain brand break breathe bride brief broad bug budget burn business busy cafe calm camera
    camp campaign capable capital captain card career careful carefully carry case cash cast catch cause
    celebrate central century ceremony certain certainly challenge champion character charge charity chart
    chat check cheek chef chill circle citizen claim class clear clearly client climb close closed closer
    closely cloth clothes clothing coach coast code collect collection combination combine comfort command
    comment commission commit common communicate community company comparison complain complete completely
    complex concern condition confirm confuse connect consider contact contain content context continue
    contrast contribute control conversation convince cook copy correct count country court courtyard crazy
    creative creature credit cross crowd crush culture curious current customer daily damage dance danger
    dangerous date deal debate decade decide decision declare decor décor decoration decorative defend
    define degree deliver demand deny depend describe deserve deserved determine develop device dialogue
    difference differently dig dinner direct direction director disappear discover discuss disease display
    distance divide doctor document dollar doubt draft drag drama dramatic drawing drive driver drug due
    earn earth ease east easily eat economy education effective effort either elsewhere email emerge emotion
    emphasis employ enable encourage energy engine engineer enough enter entertain entirely environment
    equal equally especially essential establish estimate evening event eventually evidence exact example
    excellent exchange exciting excuse exercise exist expand expect experience expert explain express extend
    extent extra extreme fact factor fail fair fairly faith familiar family famous farm fashion fashionable
    favourite favorite fear fellow female fight figure file film final find finger firm fix flash flavour
    fly focus follow foot force foreign forever form formal former fortune forward found frankly free freely
    fuel function fund furnish future gallery game gap gather gear gender generally generation gentle gently
    gift glad glance goal god gone government grab grand grandma's grandmother grandfather granny ground
    group grow growth guard guest guide guy guys habit handmade handsome handy harm hero hidden highlight
    highlights history hit holiday honest honour horrible host hotel human humour hunt hurt ignore illusion
    imagine immediately impact importance important impossible impress impression improve include including
    increase incredible indeed independent indicate individual industry influence inform information initial
    injury inner inspire inspired install instance instant interior interiors international interview
    introduce investigate invite involve issue item jazz jazzy join joint journey judge juice jump junior
    justice key kick kill king kiss kitchenette knee knock lack lacks lady language lately laugh law lazy
    lead leader league learn least legal lesson lie life lighting likely limit link lip list listen
    literally local location lock logic loose luck lucky lunch magic mail main maintain major majority
    manage manager manner mansion manual map market marriage mass mate matter maximum maybe meal measure
    media medical meet meeting member memory mental mention message method mid mild military million mine
    minor miracle miss missing mission mix mixed mixture mode moderate modest moisture moral motion motor
    mount mouth movie mum's murder muscle museum music mystery myth nation national necessary neck neither
    nerve net network nightmare nobody noise none north note notice notion novel observe obvious occasion
    occur odd offer often oil older onion operate opportunity oppose order ordinary organise organize origin
    otherwise ought overall owner owners page pain pair palace palette parent parents partner passenger
    passion patient pay peace peaceful perform perhaps period permanent permit personal personality persuade
    pet pets photographer phrase physical pile piles pinch pity planned play player pleasant pleasure plenty
    point points policy popular population positive possess possible possibly potential pound power powerful
    practical practice praise prepare presence present presentation president press pressure pretend prevent
    price pride primary prince princess principle prior priority prison private prize probably process
    produce product professional profile profit progress project promise promote proof proper properly
    property proportion propose protect proud prove provide public purchase purpose purse push queen quiet
    quite race raise range rare rate reach react reaction reader reading realise realistic reality realize
    rear reason reasonable receive recipe recognise recommend record reduce refer reference reflect refuse
    regard region regret regular relate relation relax relaxed release relief rely remain remark remind
    remote renovate renovated repair repeat reply report represent request requirement research resemble
    resembles reserve resident resist resolution resource respect respond response responsible rest
    restaurant result retain retire return reveal review revolution reward rice ride risk rival roast role
    roll route routine ruin rule rush safe safety salad salary sale salt sample satisfy sauce save saving
    scared schedule school science scream seal search season seating secret section secure sense sensible
    sentence separate series serious serve service session setting settle severe sex shake shame shelter
    shine shock shoot shopping shout shown shut sick sight silence silent situation skill sleepy slight snap
    soap social society soil soldier solution solve somehow sometimes somewhere soul source south southern
    spare spatial species speech speed spirit spite split spoil spoiled sport staff stage stairway stamp
    standard state statement station status steady stock stomach storage store storm story straightaway
    stranger strategy strength stress stretch strict strike string structure struggle student studio subject
    success such sudden suddenly suffer sugar suggestion suitable sunlight sunlit supply support surface
    surround survive suspect symbol system talent target tart task taste tasteful tax tea teach teacher team
    tear technique technology teeth temperature temporary tend tendency tension term territory terror
    theatre theory therapy thirty thousand threat throat throughout thus ticket tight till timeless title
    today's tongue tooth tough tour towards towel towels track tradition transfer trap travel treat trend
    trendy trial trick trouser truly trust truth twin twist twisted typical ultimate unable uncle understand
    unfortunately uniform union unite universe unknown unless unlike unlikely unusual upset urban urgent
    useful usual vacation valuable value variety vast vehicle venture verse vertical via victim victory
    video violence visible vision visit visitor vital voice volume volunteer vote wage waist wake walk
    wander war warn warning wash waste weak wealth weapon wear wedding weekend welcome west western whenever
    whereas wherever whisper whistle whose wild willing win winner wisdom wise woman's worker workshop worry
    worth wound writer writing yard yield youth zero zone buddy's traffic bedside bunch bundle heap stack
    load loads row rows set sets group group's cluster packet slice scoop drop drops match matches band
    beside belong belongs fit fits fill filled mend spread lining hem seam seams stitch stitching patch
    patches quarter quarters corner corners edge edges border borders rim rims trim trims tip tips texture
    textures pattern patterns material materials fabric fabrics colours colors tone tones hue hues finish
    finishes style styles angle angles height width length depth size sizes weight scale scaled level layer
    layers detail details feature features front middle centre center top bottom upper lower inner outer
    inside outside indoor outdoor nearby distance mood moody vibe atmosphere feel character charm comfort
    luxury elegance touch hint splash pop dash accent accents contrast balance harmony symmetry space
    spacious room roomy airier airy cramped crowded busy bare naked lonely whatever whichever whoever
    wherever anyways regardless especially particularly mainly mostly partly nearly almost exactly precisely
    roughly approximately around total entire complete completely overall general specific particular pole
    lamppost streetlight streetlamp billboard hydrant mailboxes bollard puddle puddles
""")
"""Words of everyday English that must not be taken for a misspelling of something else."""

FOREIGN = word_set("""
    das der ein eine einen einem mach mache bitte und rot grün blau schwarz weiss weiß wand wände teppich
    stuhl entferne ändere nicht auf mit für ist ich möchte kannst du dem den zu soll sofá cambia cambiar haz
    hacer quita pon por favor verde rojo azul negro blanco pared silla mesa alfombra el los las una unos que
    quiero puedes hazlo lámpara le les une des du canapé fauteuil rouge bleu vert noir blanc mets rends
    change-le peux tu je voudrais veux s'il vous plaît merci mur tapis enlève supprime remplace avec dans
    sur il lo gli uno rendi metti divano rosso nero bianco parete sedia tavolo togli rimuovi vorrei puoi per
    favore o os um uma muda mude sofa-cama vermelho preto branco parede cadeira retire por tire het een maak
    bank rood groen blauw zwart wit muur stoel verwijder alsjeblieft niet van graag gör soffan röd ta bort
    lav sofaen zrób kanapę sdelay gjør fjern ve rendre du bleue verte rouges canape hola hallo bonjour ciao
    danke gracias merci grazie
""")
