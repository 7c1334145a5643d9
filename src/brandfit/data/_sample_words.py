"""The words of the planted sample: what people of each interest write. All names are invented."""

from __future__ import annotations

from typing import NamedTuple


class Interest(NamedTuple):
    name: str
    emoji: str
    handles: tuple[str, ...]
    bios: tuple[str, ...]
    captions: tuple[str, ...]
    """Sentences with {thing} and {place}."""
    things: tuple[str, ...]
    places: tuple[str, ...]
    tags: tuple[str, ...]
    comments: tuple[str, ...]
    brands: tuple[tuple[str, str], ...]
    """Handle and name of brands of this interest."""
    products: tuple[str, ...]
    wish: str
    """What a brand of this interest looks for, for its brief."""


# {thing} and {place} are replaced by one of ``things`` and ``places``. No interest shares a tag or handle
# with another, so that words alone tell the interests apart.
INTERESTS = (
    Interest(
        name="travel",
        emoji="⛰🏔🌲🥾🌅⛺",
        handles=("trails", "wanders", "peaks", "outthere"),
        bios=("Slow routes and long ridges", "Tent, map, repeat", "Collecting sunrises above the tree line"),
        captions=(
            "Woke up at four to see {place} before anybody else did, and {thing} was worth every step.",
            "Three days, two passes and {thing}: {place} keeps its promises.",
            "The weather turned at noon, so we waited it out at {place} with a pot of tea.",
            "If you only have one weekend, walk to {place} and stay for {thing}.",
            "Nobody told me that {thing} would be so quiet.",
            "Packed too much again, but {thing} at {place} made me forget my shoulders.",
            "A new route on the map: from the last bus stop to {place} and back by starlight.",
            "Wet boots, warm hut, and {thing} through the window.",
        ),
        things=(
            "the view from the ridge",
            "the sunrise over the valley",
            "the descent through the pines",
            "the lake below the pass",
            "a night in the tent",
            "the old mountain path",
            "the first snow on the summit",
            "the ferry along the coast",
        ),
        places=(
            "Harrow Pass",
            "the Lindmoor ridge",
            "Lake Vessel",
            "the north face trail",
            "the Quillon coast",
            "Tarn Valley",
        ),
        tags=(
            "SlowTravel",
            "HikeMore",
            "mountains",
            "wanderlust",
            "TrailNotes",
            "outdoors",
            "sunrise",
            "camping",
            "weekendtrip",
        ),
        comments=(
            "That ridge! How long is the climb?",
            "Adding this trail to my list",
            "The light is unreal",
            "Which tent is that?",
        ),
        brands=(
            ("northpeak.outdoor", "Northpeak Outdoor"),
            ("fernway.packs", "Fernway Packs"),
            ("tidewick.boots", "Tidewick Boots"),
        ),
        products=("rain jacket", "trail pack", "hiking boots", "two-person tent"),
        wish="people who hike and camp in all weathers and show the trail as it is: mountains, mud, tents "
        "and sunrise",
    ),
    Interest(
        name="food",
        emoji="🍋🥗🍞🍝🥞🍓",
        handles=("spoon", "bakes", "kitchen", "tastes"),
        bios=("Recipes for hungry weeknights", "I bake, I burn, I bake again", "One pot, many stories"),
        captions=(
            "{thing} for dinner, because it is the only dish that everybody at {place} agrees on.",
            "The secret of {thing} is patience and far more butter than you think.",
            "Tried to copy {thing} from {place}; the recipe is below, the mess is not in the picture.",
            "Sunday means {thing}, a slow oven and no plans.",
            "Found ripe tomatoes at {place} and dinner wrote itself: {thing}.",
            "You asked for the recipe of {thing}: flour, salt, lemon, and an hour of waiting.",
            "Breakfast at {place}, where {thing} comes with a second spoon.",
            "Leftovers turned into {thing}, and nobody noticed.",
        ),
        things=(
            "a bowl of noodles",
            "lemon pancakes",
            "tomato salad with basil",
            "sourdough toast with eggs",
            "a thin pizza",
            "roasted carrots with honey",
            "a pot of lentil soup",
            "strawberry cake",
        ),
        places=(
            "the market hall",
            "my grandmother's table",
            "the corner bakery",
            "Sorrel Street",
            "the canteen",
            "our tiny kitchen",
        ),
        tags=(
            "foodie",
            "HomeCooking",
            "recipe",
            "breakfast",
            "WeeknightDinner",
            "baking",
            "EatTheSeason",
            "delicious",
            "brunch",
        ),
        comments=(
            "I need this recipe",
            "Making it tonight!",
            "How long in the oven?",
            "My kids would eat the whole plate",
        ),
        brands=(
            ("brambleloaf.kitchen", "Brambleloaf"),
            ("fennelrow.foods", "Fennelrow Foods"),
            ("saltwhistle.pan", "Saltwhistle"),
        ),
        products=("cast-iron pan", "olive oil", "spice box", "sourdough kit"),
        wish="cooks who share honest recipes: quick dinners, baking, seasonal vegetables and breakfast "
        "tables",
    ),
    Interest(
        name="fashion",
        emoji="👗👒🧥👠🧵✨",
        handles=("wears", "wardrobe", "threads", "styled"),
        bios=(
            "Second-hand first, colour always",
            "Outfits for real weekdays",
            "Linen in summer, wool in winter",
        ),
        captions=(
            "Wearing {thing} for the third day in a row and I regret nothing.",
            "How to style {thing}: belt it, layer it, and walk through {place} as if you owned it.",
            "Found {thing} in the last corner of {place} and the fit is perfect.",
            "Outfit of the day: {thing}, silver earrings, and a coat over the shoulders.",
            "Pastels with {thing}? Yes, and with the heavy shoes too.",
            "The capsule wardrobe holds: {thing}, one pair of jeans, white sneakers.",
            "Hemmed {thing} myself, and the stitches are almost straight.",
            "From {place} with a bag full of fabric and plans for {thing}.",
        ),
        things=(
            "a striped linen shirt",
            "the wide trousers",
            "a dotted summer dress",
            "my oversized blazer",
            "a hand-knit cardigan",
            "the pleated skirt",
            "a denim jacket",
            "the silk scarf",
        ),
        places=(
            "the vintage market",
            "the tailor on Loom Lane",
            "the studio",
            "the city arcade",
            "the flea market",
        ),
        tags=(
            "ootd",
            "StyleDiary",
            "fashion",
            "SlowFashion",
            "vintage",
            "streetstyle",
            "linen",
            "capsulewardrobe",
            "outfitinspo",
        ),
        comments=(
            "Where is that dress from?",
            "The colour suits you so well",
            "Obsessed with this outfit",
            "Need those trousers",
        ),
        brands=(
            ("threadwillow.studio", "Threadwillow Studio"),
            ("loomandlark.wear", "Loom and Lark"),
            ("pleatmoor.line", "Pleatmoor"),
        ),
        products=("linen dress", "wool coat", "striped shirt", "canvas bag"),
        wish="people with a style of their own who wear clothes for years: linen, wool, vintage finds, "
        "outfits of the day",
    ),
    Interest(
        name="fitness",
        emoji="💪🏋🏃🔥🧘⏱",
        handles=("lifts", "moves", "runs", "stronger"),
        bios=("Strength coach for beginners", "Training log of a former couch", "Reps before regrets"),
        captions=(
            "{thing} at {place}, and I can feel muscles that I did not know by name.",
            "New personal best: {thing}. Slow progress is progress.",
            "Form check: shoulders back, core tight, and then {thing}.",
            "No motivation today, so I made a deal: ten minutes at {place}. It became an hour and {thing}.",
            "Week six of the plan: {thing} on Monday, intervals on Wednesday, rest on Friday.",
            "Warm up before {thing}; your knees will write you a letter of thanks.",
            "Five rounds of {thing}, water, and a long stretch on the mat.",
            "Coach said one more set of {thing}. Coach always says that.",
        ),
        things=(
            "heavy kettlebell swings",
            "deadlifts",
            "a slow ten-kilometre run",
            "push-ups on the rings",
            "hill sprints",
            "a set of squats",
            "an hour of mobility work",
            "dumbbell presses",
        ),
        places=("the Ironyard gym", "the track", "the park steps", "the garage gym", "the boxing club"),
        tags=(
            "workout",
            "StrongNotSkinny",
            "fitness",
            "gymlife",
            "TrainHard",
            "running",
            "kettlebell",
            "mobility",
            "legday",
        ),
        comments=("Beast mode!", "How many sets was that?", "Your form is so clean", "Joining you next week"),
        brands=(
            ("pulsebarn.fitness", "Pulsebarn Fitness"),
            ("ironfinch.gear", "Ironfinch Gear"),
            ("stridemint.run", "Stridemint"),
        ),
        products=("kettlebell set", "training mat", "running shoes", "resistance bands"),
        wish="trainers and runners who show real workouts: kettlebells, squats, running plans and honest "
        "sweat",
    ),
    Interest(
        name="interior",
        emoji="🛋🪴🕯🏠🖼💡",
        handles=("rooms", "nest", "corners", "athome"),
        bios=("Old flat, new corners", "Plants, paint and patience", "Renovating one wall at a time"),
        captions=(
            "Moved {thing} to {place} and suddenly the whole room makes sense.",
            "Before and after of {place}: two coats of paint, {thing}, and a lot of tape.",
            "The evening light at {place} is the best decoration; {thing} is second.",
            "Built {thing} from leftover oak, and it only wobbles a little.",
            "Small flat, big plans: {thing} hides all the cables.",
            "A calm corner: {thing}, one lamp, and no telephone.",
            "Repotted everything at {place}; {thing} now lives under a jungle.",
            "We argued for a month about {thing}, and now nobody wants to leave {place}.",
        ),
        things=(
            "the mustard sofa",
            "a shelf for the records",
            "the paper lamp",
            "a gallery wall",
            "the reading chair",
            "a woven rug",
            "the oak sideboard",
            "linen curtains",
        ),
        places=(
            "the living room",
            "the hallway",
            "the window seat",
            "the attic room",
            "the corner by the stove",
        ),
        tags=(
            "interiordesign",
            "HomeDiary",
            "livingroom",
            "PlantCorner",
            "cosyhome",
            "renovation",
            "ScandiStyle",
            "diyhome",
            "decor",
        ),
        comments=(
            "Which paint colour is it?",
            "This corner is a dream",
            "The lamp! I need it",
            "So calm and warm",
        ),
        brands=(
            ("oakhollow.home", "Oakhollow Home"),
            ("lintelmoss.living", "Lintelmoss Living"),
            ("wickerdove.rooms", "Wickerdove"),
        ),
        products=("oak shelf", "linen bedding", "paper lamp", "wool rug"),
        wish="people who make small homes warm: sofas, lamps, plants, paint and furniture that they built "
        "themselves",
    ),
    Interest(
        name="pet",
        emoji="🐾🐶🐱🦴🐰🧶",
        handles=("paws", "whiskers", "tails", "barks"),
        bios=("Two dogs, no quiet minute", "Cat staff since forever", "Foster home for the grumpy ones"),
        captions=(
            "He heard the word {place} and has been sitting at the door with {thing} ever since.",
            "Training day three: she sits, she stays, she steals {thing}.",
            "Somebody slept on {thing} again and left all the fur.",
            "Vet says all is well, so we celebrate with {thing} and a nap.",
            "Bath time at {place}, and the floor is wetter than the puppy.",
            "The cat has discovered {thing}; the keyboard is free at last.",
            "Muddy paws from {place} and no regrets in those eyes.",
            "Adopted a year ago today: happy birthday to the queen of {thing}.",
        ),
        things=(
            "the squeaky toy",
            "his favourite blanket",
            "a chew bone",
            "the cardboard box",
            "the new leash",
            "her basket",
            "a ball of wool",
            "the last treat",
        ),
        places=("the dog park", "the meadow", "the balcony", "the river bank", "the sofa"),
        tags=(
            "dogsofinstagram",
            "CatLife",
            "puppylove",
            "AdoptDontShop",
            "rescuedog",
            "kitten",
            "pets",
            "HappyTails",
            "dogwalk",
        ),
        comments=(
            "Give that good boy a treat",
            "Those ears!",
            "My cat does exactly the same",
            "What breed is she?",
        ),
        brands=(
            ("pawmeadow.treats", "Pawmeadow Treats"),
            ("whiskerdale.care", "Whiskerdale Care"),
            ("bramblepup.gear", "Bramblepup"),
        ),
        products=("salmon treats", "dog harness", "cat fountain", "chew toy"),
        wish="people who live with dogs and cats and show the fur, the walks, the training and the naps",
    ),
    Interest(
        name="beauty",
        emoji="💄💅🌸🧴💋🪞",
        handles=("glow", "blush", "skin", "painted"),
        bios=("Skincare without the shouting", "Red lips, tired eyes", "Testing serums so that you need not"),
        captions=(
            "{thing} in the morning, sunscreen always, and the skin is grateful.",
            "Tried {thing} for four weeks: less redness, more glow, no miracle.",
            "The lip of the week is {thing}, blotted twice.",
            "Get ready with me for {place}: {thing}, brushed brows, and a little shimmer.",
            "My whole routine for {place} fits on one shelf; {thing} has the best place.",
            "Nails by me, patience by nobody: {thing} needs three thin coats.",
            "A soft eye with {thing}, and a liner that survives {place}.",
            "Swatches of {thing} in daylight, as promised.",
        ),
        things=(
            "a rose lip tint",
            "a gentle cleanser",
            "the vitamin serum",
            "a matte red lipstick",
            "a peach blush",
            "the night cream",
            "a glossy nail colour",
            "the soft eyeshadow palette",
        ),
        places=("date night", "the office", "a summer wedding", "the cold season", "a lazy Sunday"),
        tags=(
            "makeup",
            "SkincareRoutine",
            "lipstick",
            "GlowUp",
            "beautytips",
            "nails",
            "CleanBeauty",
            "eyeshadow",
            "selfcare",
        ),
        comments=(
            "Your skin is glowing",
            "Which shade is it?",
            "Does it last all day?",
            "Need a tutorial please",
        ),
        brands=(
            ("dewpetal.beauty", "Dewpetal Beauty"),
            ("rosequill.skin", "Rosequill Skin"),
            ("velvetmint.lips", "Velvetmint"),
        ),
        products=("lip tint", "day cream", "vitamin serum", "blush stick"),
        wish="people who show skincare and make-up as they are: routines, swatches, lipstick and bare skin",
    ),
    Interest(
        name="family",
        emoji="🧸🎈👶🪁🌈🏡",
        handles=("familytales", "littleones", "playroom", "bunch"),
        bios=(
            "Mother of three, owner of no free evening",
            "Dad jokes and lunch boxes",
            "Life with twins, one sock at a time",
        ),
        captions=(
            "The twins built {thing} at {place} and defended it until bedtime.",
            "Rainy day plan: {thing}, hot chocolate, and a blanket fort.",
            "He asked for {thing} on his birthday, and the whole family learned to share.",
            "First day of kindergarten: brave face, big bag, and {thing} in the pocket.",
            "Bedtime story number five; {thing} is asleep, the toddler is not.",
            "Weekend with the grandparents at {place}: {thing} and far too much cake.",
            "She lost a tooth at {place} and told everybody about it, even {thing}.",
            "Craft afternoon: {thing} out of paper, glue on every chair.",
        ),
        things=(
            "a tower of blocks",
            "the old teddy bear",
            "a paper kite",
            "a cardboard castle",
            "the wooden train",
            "a box of crayons",
            "nine balloons",
            "the bedtime book",
        ),
        places=("the playground", "the garden", "the sandpit", "the lake house", "the kitchen floor"),
        tags=(
            "familylife",
            "MumDiary",
            "toddler",
            "DadLife",
            "kidsactivities",
            "parenting",
            "LearnByPlay",
            "siblings",
            "familytime",
        ),
        comments=(
            "So sweet, enjoy every minute",
            "Mine do the same!",
            "Great idea for the weekend",
            "They grow so fast",
        ),
        brands=(
            ("tinytumble.play", "Tinytumble Play"),
            ("acornpost.kids", "Acornpost Kids"),
            ("kiteberry.toys", "Kiteberry"),
        ),
        products=("wooden blocks", "picture book", "rain suit", "craft box"),
        wish="parents who show family life with humour: play, crafts, bedtime stories and small disasters",
    ),
)

_FIRST = (
    "mila tavi orlin senna brisa jorun pelle nuria calo ilka maro fenja tilo yara bent suvi davor "
    "lio anouk rasmi "
    "elo kaija noam vesna milo runa tarek oona pavo lisbet juno arvid sela timo wren ines kolja "
    "mirja leif zora"
)
FIRST_NAMES = tuple(_FIRST.split())

LAST_NAMES = (
    "Dane",
    "Okell",
    "Marsh",
    "Lindqual",
    "Ferro",
    "Tamsin",
    "Varro",
    "Holm",
    "Brookel",
    "Sorens",
    "Ashby",
    "Mirel",
)

# Posts about no interest.
SMALL_TALK = (
    "Thank you all for being here. It means a lot.",
    "Monday again. What are you looking forward to this week?",
    "A quick question for you: mornings or evenings?",
    "Back after a short break, with new energy and old jokes.",
    "Some news soon. I cannot wait to tell you!",
    "Grateful for slow days and good company.",
)

# Each advertisement names its brand and has a mark of advertising (``captions.DISCLOSURE_TAGS``).
ADS = (
    "Testing the new {product} by @{brand} this month. {sentence} #ad",
    "{sentence} Thanks to @{brand} for the {product}. #ad",
    "Anzeige | With the {product} from @{brand}. {sentence} #werbung #ad",
    "My honest week with the {product} of @{brand}: I would buy it again. {sentence} #sponsored",
)

# Posts of brands.
BRAND_LINES = (
    "{sentence} New in the shop, for days like this: the {product}.",
    "{sentence} Tell us where you take the {product}.",
    "Made slowly, meant to last: the {product}. {sentence}",
    "{sentence}",
)

PICTURED = "Picture by @{partner}. {sentence}"

BRIEF = (
    "{name} is looking for partners: {wish}. We send the {product} and ask for two posts and an "
    "honest word. #{tag} #{other}"
)

# Business categories of brands and of some influencers, by interest; the other influencers have one of
# ``ANY_BUSINESS``, which says nothing about their interest.
BUSINESS = {
    "travel": ("Travel Company", "Sports & Recreation Venue", "Outdoor Equipment Store"),
    "food": ("Kitchen/Cooking", "Food & Beverage", "Chef"),
    "fashion": ("Clothing (Brand)", "Fashion Designer", "Apparel & Clothing"),
    "fitness": ("Fitness Trainer", "Gym/Physical Fitness Center", "Sportswear Store"),
    "interior": ("Home Decor", "Interior Design Studio", "Furniture Store"),
    "pet": ("Pet Service", "Pet Supplies", "Animal Shelter"),
    "beauty": ("Health/Beauty", "Makeup Artist", "Beauty Supply Store"),
    "family": ("Toy Store", "Parenting Blog", "Family Goods"),
}
ANY_BUSINESS = ("Blogger", "Public Figure", "Personal Blog", "Digital Creator")
CHEERS = ("Love this", "Have a good week!", "So true", "You made my day", "First!")
FRIENDS = ("With @{friend} as always.", "Idea stolen from @{friend}.", "@{friend} knows why.")
