"""Made-up sentences that neither corpus teaches: plain statements and questions, negation, and cries. Training only.

Both corpora are comments and jokes: "The shop opens at nine" occurs in neither, and words for an expression decide even where they are
negated. Each pattern stands for a label or for several in equal parts; the words in braces are drawn from the lists below.
"""

from __future__ import annotations

import re

import numpy as np

from comp_core.data.text import LabelledTexts
from comp_core.modalities import LABELS
from comp_core.training.texts import unpunctuated

_FILLERS: dict[str, str] = {
    "who": "my sister|my brother|my uncle|our neighbour|the teacher|the driver|the new colleague|a friend of mine|Anna|Tom|the plumber",
    "they": "my parents|the neighbours|our guests|the students|the workers|some friends|Maria and Paul",
    "thing": "book|bag|box|cup|letter|map|bicycle|laptop|umbrella|ticket|jacket|ladder|printer|bottle|report|calendar",
    "place": "kitchen|garage|office|station|park|school|museum|hotel|market|airport|car park|waiting room|second floor|hospital",
    "where": "in the north|near the harbour|behind the church|on the left|across the street|at the end of the hall|in Berlin|upstairs",
    "when": "at half past eight|on Friday|every Monday|tomorrow morning|in March|after lunch|tonight|next week|at noon|once a month",
    "job": "drives a lorry|teaches history|repairs computers|studies law|plays the piano|sells vegetables|paints houses|works from home",
    "opens": "shop|bakery|bank|pharmacy|pool|museum|office|restaurant",
    "runs": "bus|ferry|meeting|course|concert|flight|lesson|programme|tram",
    "number": "two|three|four|five|seven|ten|twenty|fifty",
    "colour": "blue|red|green|grey|white|brown|yellow",
    "glad": "happy|glad|pleased|satisfied|cheerful|excited|proud|delighted|thrilled",
    "low": "sad|unhappy|lonely|heartbroken|miserable|depressed|disappointed|hopeless|down",
    "mad": "angry|mad|furious|annoyed|irritated|enraged|outraged|livid|cross",
    "afraid": "afraid|scared|frightened|terrified|worried|anxious|nervous|panicking",
    "sick": "disgusted|grossed out|revolted|nauseated|repulsed",
    "amazed": "surprised|shocked|astonished|amazed|stunned|speechless|startled",
    "nice": "great|wonderful|fantastic|lovely|brilliant|amazing|awesome|beautiful",
    "treat": "this song|my new job|this cake|the weather|your present|our holiday|this film|the party|my family|this city",
    "won": "won the match|got the job|found my ring|made it|got in|finished the race|bought the house|are going to be parents",
    "loss": "my dog|my grandfather|my best friend|my mother|our cat|my old teacher",
    "wrong": "lied to me|stole my wallet|ruined everything|broke the window|insulted my wife|parked on my lawn|cheated on me|ignored me",
    "doing": "shouting at me|wasting my time|interrupting|blaming me|bossing me around|reading my messages|laughing at me",
    "foul": "mouldy|rotten|slimy|filthy|greasy|sticky|stinking|covered in dirt|full of flies|sour",
    "dish": "milk|chicken|fish|sandwich|fridge|sink|bathroom|carpet|towel|bin|cheese|sausage",
    "vile": "a cockroach|a dead rat|spit|mud|snot|a worm|mould|dog dirt|old chewing gum|a toenail",
    "threat": "a stranger|a bear|a snake|a burglar|the storm|the fire|the surgery|the dentist|heights|the exam|deep water|ghosts",
    "harm": "fall|get lost|never wake up|crash|lose him|drown|get caught|get hurt|die",
    "news": "won the lottery|moved to Japan|sold the car|had twins|dropped out|shaved your head|got divorced|learned Chinese|are leaving",
}

_LESSONS: dict[str, str] = {
    "neutral": """The {opens} opens {when}.|The {runs} leaves {when}.|The {runs} starts {when}.|The {thing} is {where}.
The {thing} is {colour}.
{who} {job}.|{who} lives {where}.|{they} live {where}.|{who} is in the {place}.|I am going to the {place} {when}.|We meet {when}.
There are {number} people in the {place}.|There is a {thing} on the table.|I bought a {thing} and {number} stamps.
I left the {thing} {where}.
The {place} is {where}.|{who} said the {runs} is {when}.|It takes about {number} minutes to the {place}.|The {thing} costs {number} euros.
Where is the {place}?|Where is the {thing}?|When does the {opens} open?|What time does the {runs} start?|Do you have a {thing}?
How many {thing}s do you need?|Is {who} in the {place}?|Can you pass me the {thing}?|Who has the {thing}?|Which {runs} goes to the {place}?
Please put the {thing} in the {place}.|Send me the {thing} {when}.|Yes, {when}.|No, the other {thing}.|I think it is {where}.|Alright then.
I'm not {mad}.|I'm not {mad} at you.|I'm not {afraid}.|I'm not {low}.|I am not {sick}, it's fine.|I wasn't {amazed}, I knew about it.
{who} isn't {mad}.|{they} are not {low}.|There is nothing to be {afraid} about.|I wasn't {afraid} of {threat}.|My name is {who}.""",
    "joy": """I'm so {glad}!|I am {glad} today.|We {won}!|I {won}, I can't believe it!|I love {treat}.|{treat} is {nice}!|What a {nice} day!
This is {nice}, thank you!|I have never been so {glad}.|I couldn't be more {glad}.|Yay, we {won}!|I'm really {glad} about {treat}.
You look {nice}!
Thank you, that is so kind of you.|I enjoy {treat} so much.|I'm not {low} any more, I'm {glad}!|It's so {nice} to see you.
No one could be as {glad} as I am.""",
    "sadness": """I'm so {low}.|I feel {low}.|I miss {loss}.|{loss} died.|I lost {loss}.|We buried {loss} yesterday.|I'm not {glad}.
I am not {glad} at all.
I'm never {glad} these days.|I'm not feeling {glad}.|I haven't been {glad} for a long time.|I don't feel {glad}, I feel {low}.
I cry every night.
I'm crying because of {loss}.|It makes me {low} to think of {loss}.|I don't want to live without {loss}.|Nobody needs me.
I have no one to talk to.
I wish {loss} was here.|{who} left me.|They did not invite me.|Without {loss} everything is empty.""",
    "anger": """I'm {mad}!|I'm so {mad} at {who}.|{who} {wrong}!|You {wrong}!|How could you? You {wrong}!|Stop {doing}!
I'm sick of you {doing}.
I'm tired of {they} {doing}.|Why do you keep {doing}?|I hate {who}!|I hate it when you are {doing}.|Get lost!|You make me so {mad}.
Go to hell!
I have never been so {mad}.|This is unfair!|What is wrong with you?|Don't you dare go on {doing}!|You liar, you {wrong}!
Are you stupid? You {wrong}!
I don't care what you say, you {wrong}.|That's it, I'm done with you.|I won't put up with this.|Mind your own business!|I can't stand {who}.
I could kill {who} for this.|Give it back right now!|{who} keeps {doing} and I'm {mad}.""",
    "fear": """I'm {afraid}.|I'm so {afraid} of {threat}.|I'm {afraid} that I will {harm}.|What if we {harm}?|There is {threat} outside!
{threat} is coming!
I've never been so {afraid}.|Help me, please!|Watch out, {threat}!|I don't want to {harm}!|Please don't let me {harm}.
Something is moving in the {place}.
Somebody is following me.|I can't sleep because of {threat}.|My heart is pounding.|Don't go in there, it's dangerous.|{threat} scares me.
Who's there?
I'm {afraid} to go to the {place}.|I keep thinking that we could {harm}.|Call the police, quick!
I feel {afraid} when I think of {threat}.""",
    "disgust": """The {dish} is {foul}.|That {dish} is {foul}, yuck!|Ew, {vile}!|There is {vile} in the {dish}.|I stepped on {vile}.
He ate {vile}.|I'm {sick}.
I'm {sick} by that {dish}.|I have never been so {sick}.|This tastes like {vile}.|It smells like {vile} in here.|That is so gross.
This {dish} makes me sick.
Ugh, the {dish} smells {foul}.|What a {foul} {dish}, how repulsive!|I feel sick when I look at the {dish}.|Take that {foul} {dish} away.
How can you eat that? It's {foul}.
Don't touch it, it's {foul}.|The whole {place} is {foul}.|He picks his nose and wipes it on the {dish}.|Bah, it's vile.""",
    "surprise": """What? You {news}?|No way, you {news}?|Wow, you {news}!|I can't believe you {news}.|Seriously? {who} quit?
I'm {amazed}!|I am so {amazed}.
I'm {amazed} that you {news}.|I didn't know you {news}.|I didn't expect {who} to come.|I did not expect that.|Oh, it's you!
Oh my God, {who}?
I have never been so {amazed}.|Wait, what?|You {news}? Since when?|Is that really {who}?|How did {who} do that?|What are you doing here?
That can't be true!
Oh, a {thing}? For me?|Where did that {thing} come from?|Well, that was a twist.|Are you serious? You {news}?
My goodness, look at that {thing}!
I never thought {who} would come.|Who would have thought?|Wow, I had no clue.""",
    "sadness anger": "This is not {nice}.|I don't like this.|You never have time for me.|I'm not {glad} with you.",
    "anger disgust": "You are a pig.|You are the worst person I know.|I despise {who}.",
    "neutral joy": "I don't hate {treat}.|It's not bad.|I don't mind {treat}.|It was okay, I liked the {thing}.",
    "joy surprise": "Wow, that is {nice}!|Wow, {treat} is {nice}, I didn't expect that!|Oh my God, we {won}!",
}


def lessons(count: int, random: np.random.Generator) -> LabelledTexts:
    """``count`` sentences: the sets of labels above alike often, patterns and words drawn at random."""
    targets, patterns = [], []
    for labels, lines in _LESSONS.items():
        target = np.isin(LABELS, labels.split()).astype(np.float32)
        targets.append(target / target.sum())
        patterns.append(re.split(r"[|\n]", lines))
    # A set of several labels is no rarer than one label: what lies between them is what is hard.
    which = random.integers(len(targets), size=count)
    texts = [_said(patterns[w][random.integers(len(patterns[w]))], random) for w in which]
    return LabelledTexts(tuple(texts), np.stack([targets[w] for w in which]))


def taught(text: str) -> bool:
    """Whether a pattern can say this text, whatever its case and punctuation: such a sentence is no test of what was learnt."""
    fillers = {name: f"(?:{'|'.join(map(unpunctuated, words.split('|')))})" for name, words in _FILLERS.items()}
    name = re.compile(f"0({'|'.join(sorted(_FILLERS, key=len, reverse=True))})")
    for pattern in (pattern for lines in _LESSONS.values() for pattern in re.split(r"[|\n]", lines)):
        said = unpunctuated(re.sub(r"{(\w+)}", r"0\1", pattern))  # `unpunctuated` leaves digits, and no pattern has one
        if re.fullmatch(name.sub(lambda brace: fillers[brace[1]], said), unpunctuated(text)):
            return True
    return False


def _said(pattern: str, random: np.random.Generator) -> str:
    """The pattern with its braces filled, as a sentence."""

    def drawn(brace: re.Match[str]) -> str:
        words = _FILLERS[brace[1]].split("|")
        return words[random.integers(len(words))]

    text = re.sub(r"{(\w+)}", drawn, pattern)
    return text[0].upper() + text[1:]
