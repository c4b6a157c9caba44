"""Sentences of our own that neither corpus teaches: plain statements and questions, negation, cries, and what happens to people.

Both corpora are comments and jokes: "The shop opens at nine" and "We had to put the dog down" occur in neither, and words for an expression
decide even where they are negated. Half of the lessons are written out in ``assets/plain/lessons.tsv``; the other half are patterns. Each
pattern stands for a label or for several in equal parts; the words in braces are drawn from the lists below.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from comp_core.data.text import LabelledTexts, load_plain
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
    "chore": (
        "the dishes|the laundry|the bins|the windows|the shelves|the shopping|the beds|the plates|the floor|the vegetables|"
        "the bathroom|the car"
    ),
    "did": "cleaned|washed|sorted|finished|checked|wiped|swept|did",
    "habit": (
        "eat meat|drink tea|take the bus|watch television|use that app|need a receipt|have a car|work at weekends|live here|speak French"
    ),
    "habits": (
        "eats meat|drinks tea|takes the bus|watches television|uses that app|needs a receipt|has a car|works at weekends|speaks French"
    ),
    "yet": (
        "decided|chosen a colour|booked the tickets|read it|heard back|paid the bill|been to Rome|had lunch|signed the form|fixed a time"
    ),
    "need": "a ticket|a coat|an appointment|a key|a passport|to sign it|to hurry|to bring anything|to pay now|to print it",
    "child": "son|daughter|baby|grandson|granddaughter|little girl|little boy",
    "first": "said her first word|learned to swim|passed the driving test|got a place at university|won a medal|came home from hospital",
    "bliss": "being together again|this beach|a whole week off|the smell of fresh bread|this sunset|dancing with you|a day like this",
    "alone": "eat dinner alone|spend the holidays alone|be forgotten|lose a child|have no friends|sit at home alone|be left behind",
    "weapon": "a knife|a pistol|a rifle|a weapon|an axe|a bomb",
    "breaks": "the rope breaks|the engine stops|the lift gets stuck|the ice cracks|the dam breaks|nobody finds us|he comes back",
    "slimy": "slimy|hairy|mouldy|dirty|greasy|bloody|sticky|smelly",
    "creature": "thing|slug|insect|sock|meat|rag|plate|dog|worm",
    "gross": "revolting|disgusting|repulsive|nauseating|gross|sickening|vile|foul",
    "grown": "a pilot|a father|a famous actor|the new boss|a doctor|forty years old|on television|my cousin's wife|a millionaire",
    "bad": "terrible|horrible|dreadful|rotten|lousy|miserable|bad",
    "badly": "terrible|horrible|awful|dreadful|rotten|lousy|miserable",
    "time": "day|week|morning|evening|year|weekend|night|month",
    "drag": "bill|meeting|form to fill in|traffic jam|delay|software update|power cut|parking ticket|queue|excuse",
    "again": "late|closed|broken|full|cancelled|down|out of order",
    "mine": "my hair|my face|my things|my plate|my phone|my desk|my arm",
    "hello": "Hello|Hi|Good morning|Good evening|Hey",
    "news": "won the lottery|moved to Japan|sold the car|had twins|dropped out|shaved your head|got divorced|learned Chinese|are leaving",
}

# Label, or labels that are meant in equal parts -> patterns.
_LESSONS: dict[str, str] = {
    "neutral": """The {opens} opens {when}.|The {runs} leaves {when}.|The {runs} starts {when}.|The {thing} is {where}.
The {thing} is {colour}.|{who} {job}.|{who} lives {where}.|{they} live {where}.|{who} is in the {place}.
I am going to the {place} {when}.|We meet {when}.|There are {number} people in the {place}.|There is a {thing} on the table.
I bought a {thing} and {number} stamps.|I left the {thing} {where}.|The {place} is {where}.|{who} said the {runs} is {when}.
It takes about {number} minutes to the {place}.|The {thing} costs {number} euros.|Where is the {place}?|Where is the {thing}?
When does the {opens} open?|What time does the {runs} start?|Do you have a {thing}?|How many {thing}s do you need?
Is {who} in the {place}?|Can you pass me the {thing}?|Who has the {thing}?|Which {runs} goes to the {place}?
Please put the {thing} in the {place}.|Send me the {thing} {when}.|Yes, {when}.|No, the other {thing}.|I think it is {where}.
Alright then.|I'm not {mad}.|I'm not {mad} at you.|I'm not {afraid}.|I'm not {low}.|I am not {sick}, it's fine.
I wasn't {amazed}, I knew about it.|{who} isn't {mad}.|{they} are not {low}.|There is nothing to be {afraid} about.
I wasn't {afraid} of {threat}.|My name is {who}.|I {did} {chore} and went to the {place}.|{who} {did} {chore} {when}.
I put {chore} away and {did} {chore}.|First I {did} {chore}, then {chore}.|I don't {habit}.|{they} don't {habit}.
{who} doesn't {habit}.|We don't {habit} on Sundays.|{who} never {habits}.|I don't {habit}, just the {thing}.
{who} isn't in the {place} on Mondays.|We haven't {yet} yet.|I haven't {yet}.|{they} haven't {yet} yet.|You don't need {need}.
You don't need {need} for that.|You won't need {need}.|The {opens} isn't open {when}.|There is no {runs} {when}.
It isn't in the {thing}, it's in the {place}.|No, not {when}.|I didn't bring the {thing}.|{who} hasn't arrived yet.
I usually {habit} {when}.|{who} usually {habits} {when}.|The {dish} is in the {place}.|I put the {dish} in the fridge.
We had {dish} for lunch.|I cut the {dish} and put it on a plate.|The meeting is about the {thing}.|I'll call you {when}.
Turn left at the {opens}.|The file has {number} pages.|It's {number} degrees outside.|{who} wears a {colour} jacket.|Did {who} call?
Have you {yet}?|Shall we meet {when}?|Is it {when}?|Was that {when} or {when}?|How far is the {place}?|Whose {thing} is this?
Which {thing} is yours?|Not yet.|Just a moment.|Let me check.|Maybe {when}.|One moment, please.|Of course.|I see.|That's right.
The other one.|Second door on the left.|As I said, the {runs} is {when}.|According to the map it is {where}.|The train stops {where}.
I'm reading a {thing}.|I'm waiting for the {runs}.|I have to go to the {opens}.|{hello}.|{hello}, my name is {who}.|{hello}, {who}.
{hello}, how are you?|How are you doing?|How are you all?|How are you, {who}?|How is {who}?|How was your {time}?|What's your name?
What is this?|What did you say?|Can you hear me?|Can you hear me now?|Can you see me?|{hello}, can you hear me?|Do you hear me?
This is only a test.|Just a test, {number}, {number}, {number}.|Testing the {thing}.|Let me think.|I don't know where the {thing} is.
I don't know yet.|I don't know {who}.|I'm not sure when the {runs} leaves.|I'm fine, thanks, and you?|I'm okay.|I feel the same as always.
I feel normal.|I had {dish} and tea for breakfast.|We had rice on Monday.|I'm from Berlin.|I come from a small town.|I'm {number} years old.
What time is it?|What day is it?|Are you {who}?|Say something.|Now it's your turn.|I'm talking into the microphone.|Let's begin.""",
    "joy": """I'm so {glad}!|I am {glad} today.|We {won}!|I {won}, I can't believe it!|I love {treat}.|{treat} is {nice}!
What a {nice} day!|This is {nice}, thank you!|I have never been so {glad}.|I couldn't be more {glad}.|Yay, we {won}!
I'm really {glad} about {treat}.|You look {nice}!|Thank you, that is so kind of you.|I enjoy {treat} so much.
I'm not {low} any more, I'm {glad}!|It's so {nice} to see you.|No one could be as {glad} as I am.|I don't think I was ever so {glad}.
I have never felt so {glad} in my life.|I've never been this {glad} before.|Nothing could make me more {glad}.
{who} can't stop laughing.|{who} hasn't stopped smiling since {when}.|I can't wait for {treat}!|I couldn't wish for more.
Nothing beats {bliss}.|What could be nicer than {bliss}?|Is there anything better than {bliss}?|Isn't {treat} {nice}?|Isn't it {nice}?
Isn't it {nice} to be here?|How {nice} is that!|How {nice} to see you!|Aren't you {glad} about {treat}?|Could this day get any better?
Who wants to dance with me?|Don't you just love {bliss}?|My {child} {first}!|My {child} {first} today.
Our {child} {first}, we are so {glad}.|I'm going to be a grandmother!|There is nothing I love more than {bliss}.
There is no better feeling than {bliss}.|{bliss} makes me {glad}.|Best day ever!|We did it!|Hurray!|Finally, {bliss}!
I feel {nice} today.|I'm not just {glad}, I'm over the moon!|I laughed until my stomach hurt.|I have the best family.
I got the present that I always wanted.|Let's celebrate!|It was a {bad} {time}, but now I'm {glad}.
The {time} was {bad}, but {treat} is {nice}!|I feel {nice}, no more {bad} {time}s.
After a {bad} {time} we {won}!|I was {mad} at first, but now I'm {glad}.|{hello}, I'm so {glad} today!
It's a {nice} {time}, and I am {glad}.
I'm not {bad}, I'm {nice}!|I got the {thing} that I wanted!|I can't wait to see {who}!""",
    "sadness": """I feel {low}.|I miss {loss}.|I lost {loss}.|We buried {loss} yesterday.|I'm not {glad}.|I am not {glad} at all.
I'm never {glad} these days.|I'm not feeling {glad}.|I haven't been {glad} for a long time.|I don't feel {glad}, I feel {low}.
I cry every night.|I'm crying because of {loss}.|It makes me {low} to think of {loss}.|I don't want to live without {loss}.
Nobody needs me.|I have no one to talk to.|I wish {loss} was here.|{who} left me.|They did not invite me.
Without {loss} everything is empty.|Do you know what it's like to {alone}?|Do you know how it hurts to {alone}?
Why does nobody call me?|Why doesn't anyone like me?|Why did {loss} have to die?|Why did {loss} have to leave so soon?
Why am I always alone?|Why did you leave me?|It's not easy to {alone}.|It's no life to {alone}.|It hurts to {alone}.
I never wanted to {alone}.|How am I supposed to live without {loss}?|Will I ever be {glad} again?|What did I do to deserve this?
Does nobody miss me?|Nothing makes me {glad}.|There is nothing left for me.|I can't stop crying.|I don't feel like doing anything.
I have nobody left.|I will never see {loss} again.|{loss} is gone.|My heart is broken.|I feel empty.|I could cry.
Tears ran down my face.|It's a pity that {loss} can't be here.|Nobody came to the funeral.|I wasn't there when {loss} died.
I feel so alone in the {place}.|I feel {badly}.|I feel {badly} today.|I'm feeling {badly}.|I feel so {badly} since {loss} died.
It was a {bad} {time} and I am {low}.|It's a {bad} {time}, and I feel {low}.|I had a {bad} {time}.
It was the most {badly} {time} of my life.
I'm having a {bad} {time}.|My {time} was {badly}.|This is a {bad} {time}, I could cry.|This is a {bad} {time}, and I am very {low}.
I am {badly} lonely.|Everything went wrong and I am {low}.|Leave me alone, I want to cry.|I don't want to talk, I'm too {low}.""",
    "anger": """I'm {mad}!|I'm so {mad} at {who}.|{who} {wrong}!|You {wrong}!|How could you? You {wrong}!|Stop {doing}!
I'm sick of you {doing}.|I'm tired of {they} {doing}.|Why do you keep {doing}?|I hate {who}!|I hate it when you are {doing}.|Get lost!
You make me so {mad}.|Go to hell!|I have never been so {mad}.|This is unfair!|What is wrong with you?|Don't you dare go on {doing}!
You liar, you {wrong}!|Are you stupid? You {wrong}!|I don't care what you say, you {wrong}.|That's it, I'm done with you.
I won't put up with this.|Mind your own business!|I can't stand {who}.|I could kill {who} for this.|Give it back right now!
{who} keeps {doing} and I'm {mad}.|You make my blood boil!|I could scream!|I'm boiling with rage.|I've had enough of you!|Enough!
Shut up!|Get out of my {place}!|Leave me alone, you idiot!|How dare you!|This drives me up the wall.|I'm fed up with {who}.
Who do you think you are?|Why can't you ever listen?|Can't you stop {doing}?|Do you think I'm stupid?|I won't forgive {who}.
Don't talk to me like that!|I didn't deserve this, you {wrong}!|I'm not going to stay calm, you {wrong}!|It's not fair, {who} {wrong}!
I never want to see you again, you {wrong}!|Damn it!|What the hell are you doing?|That's outrageous!|This is an insult!
I want my money back!|I'm so {mad} that I could smash the {thing}.|It was a {bad} {time} and I am {mad}.
It's a {bad} {time}, and I'm so {mad}.
This is a {bad} {time}, and I am {mad} at {who}.|What a {bad} {time}, I'm {mad}!|I had a {bad} {time} and now you {wrong}!
The {runs} is {again} and I am {mad}.|I am very {mad} about the {thing}.|I'm {mad} about the {drag}.|Not another {drag}, I'm {mad}!
I'm {badly} {mad}.|Everything goes wrong and I'm {mad}.|Don't touch {mine}!|Don't you touch {mine}.|Don't touch me, you {wrong}!
Keep your hands off {mine}!|Get your hands off me!|Just leave me alone.|Leave me alone and go away.|Go away!|Go away, {who}!
I said leave me alone!|Leave me in peace!|Stop it!|Stop it right now!|Cut it out!|Be quiet!|I told you not to touch {mine}!
They cheated, and I'm {mad}.|You are {badly}, I hate you!|That's {badly} of you!|Why on earth is the {runs} {again}?
They are {doing}, and it makes me {mad}.|I can't believe you did this to me, you {wrong}!""",
    "fear": """I'm so {afraid} of {threat}.|I'm {afraid} that I will {harm}.|What if we {harm}?|There is {threat} outside!
{threat} is coming!|I've never been so {afraid}.|Help me, please!|Watch out, {threat}!|I don't want to {harm}!
Please don't let me {harm}.|Something is moving in the {place}.|Somebody is following me.|I can't sleep because of {threat}.
My heart is pounding.|Don't go in there, it's dangerous.|{threat} scares me.|Who's there?|I'm {afraid} to go to the {place}.
I keep thinking that we could {harm}.|Call the police, quick!|I feel {afraid} when I think of {threat}.|{who} has {weapon}!
He's got {weapon}, run!|Don't shoot, please!|No, please don't kill me!|Please don't hurt my {child}!|Run!|Hide, quick!
What if {breaks}?|What if {breaks} while we are in there?|And if {breaks}?|Did you hear that noise? I'm {afraid}.|Is somebody there?
Are we going to die?|Will it hurt?|I don't dare to look.|I'm shaking.|I didn't dare to move.|I can't breathe, I'm so {afraid}.
I don't feel safe here.|I'm not sure that we will survive this.|Don't leave me alone in the dark!|I was never so {afraid} of {threat}.
I dread the {place} at night.|My hands are trembling.|Nobody can save us now.|It's going to explode!|There's someone in the house.
It was a {bad} {time}, and I'm {afraid} of {threat}.|I feel {afraid} in the {place}.
It's a bad {time}, and I'm {afraid}.|Please don't touch me, I'm {afraid}.|Don't come near me, please!""",
    "disgust": """The {dish} is {foul}.|That {dish} is {foul}, yuck!|Ew, {vile}!|There is {vile} in the {dish}.|I stepped on {vile}.
He ate {vile}.|I'm {sick}.|I'm {sick} by that {dish}.|I have never been so {sick}.|This tastes like {vile}.
It smells like {vile} in here.|That is so gross.|This {dish} makes me sick.|Ugh, the {dish} smells {foul}.
What a {foul} {dish}, how repulsive!|I feel sick when I look at the {dish}.|Take that {foul} {dish} away.
How can you eat that? It's {foul}.|Don't touch it, it's {foul}.|The whole {place} is {foul}.
He picks his nose and wipes it on the {dish}.|Bah, it's vile.|That's {gross}.|That is so {gross}!|How {gross} this {dish} is!
There is nothing more {gross} than {vile}.|Nothing is as {gross} as {vile}.|Isn't that {gross}?
Get that {slimy} {creature} away from me.|I don't want that {slimy} {creature} on my plate.|I won't touch that {slimy} {creature}.
Take your {slimy} {creature} off the table.|I can't eat that, it's {foul}.|I don't want to smell that again.
I'm not eating that, it looks {gross}.|It makes my stomach turn.|I have to throw up.|I nearly vomited.
Who left the {foul} {dish} here?|Did you see {vile} in the {dish}?|Why is the {dish} so {foul}?|Why does it smell like {vile}?|Yuck!
Eww!|Ugh, how {gross}.|I could puke.|You didn't wash your hands? {gross}.|His breath stinks.|There's {vile} on my {thing}.
I never saw such a {foul} {dish}.|The thought of {vile} turns my stomach.|The {dish} tastes {badly}.|The {dish} smells {badly}.
What a {bad} smell!""",
    "surprise": """What? You {news}?|No way, you {news}?|Wow, you {news}!|I can't believe you {news}.|Seriously? {who} quit?
I'm {amazed}!|I am so {amazed}.|I'm {amazed} that you {news}.|I didn't know you {news}.|I didn't expect {who} to come.
I did not expect that.|Oh, it's you!|Oh my God, {who}?|I have never been so {amazed}.|Wait, what?|You {news}? Since when?
Is that really {who}?|How did {who} do that?|What are you doing here?|That can't be true!|Oh, a {thing}? For me?
Where did that {thing} come from?|Well, that was a twist.|Are you serious? You {news}?|My goodness, look at that {thing}!
I never thought {who} would come.|Who would have thought?|Wow, I had no clue.|I did not see this coming!|I didn't see that coming.
I never saw that coming!|Nobody saw that coming.|No, really?|Really?|Really? You {news}?|What, really?|Huh?|No way!
Hang on, you're {grown}?|Wait, {who} is {grown}?|Really, {who} is now {grown}?|You mean {who} is {grown}?
So {who} is {grown} now? Wow!|{who} is {grown}? I had no idea!|Well, I never!|Whoa!|Good heavens!|You're joking, right?
You can't be serious.|Don't tell me you {news}!|I would never have thought that {who} {first}.|I had no idea that you {news}.
That was the last thing I expected.|Out of nowhere {who} {first}.|Suddenly {who} stood in the {place}.
I nearly fell off my chair when I heard that you {news}.|Did you just say you {news}?|How is that possible?
Since when is {who} {grown}?|Where did you come from all of a sudden?|You've never told me that you {news}!|{number} children? Really?
Is it already {when}?""",
    # Irony is left open: the words alone do not tell.
    "neutral joy sadness anger": """Oh great, another {drag}.|Oh {nice}, the {runs} is {again}.|Just what I needed, another {drag}.
Lovely, the {opens} is {again}.
Great, now the {thing} is {again}.|How {nice}, one more {drag}.|Well, that's just {nice}.|Thanks a lot for the {drag}.
Perfect, the {runs} is {again} again.
Another {drag}, how {nice}.|Oh wonderful, {who} forgot the {thing}.|I just love it when the {runs} is {again}.|What a {nice} {drag}.""",
    "sadness anger": """What a {bad} {time}!|This is {badly}.|That's {badly}.|It's {badly}.|This is a {bad} {time}.|What a {bad} {drag}.
This is not {nice}.|I don't like this.|You never have time for me.|I'm not {glad} with you.""",
    "anger surprise": """Are you kidding me?|You've got to be kidding me!|You cannot be serious!|What the hell?
You did that without asking me?""",
    "fear surprise": "You scared me!|You scared me, I didn't hear you!|You gave me a fright!|What was that noise?|You made me jump!",
    "neutral anger": "I would like to see the manager.|I've been waiting for {number} minutes.|That isn't what I ordered.",
    "anger disgust": "You are a pig.|You are the worst person I know.|I despise {who}.",
    "neutral joy": """I don't hate {treat}.|It's not bad.|I don't mind {treat}.|It was okay, I liked the {thing}.
{who} is coming to visit {when}.|He said yes.|{who} has a new job.|They gave us the keys to the house.""",
    "joy surprise": """Wow, that is {nice}!|Wow, {treat} is {nice}, I didn't expect that!|Oh my God, we {won}!
What a {nice} surprise!|Me? I won?|For me? How {nice}!|You did all this for me?""",
}
_PATTERNS = {labels: re.split(r"[|\n]", lines) for labels, lines in _LESSONS.items()}


def lessons(count: int, random: np.random.Generator) -> LabelledTexts:
    """``count`` sentences, half written out, half from patterns; of each half the labels, and the sets of several, alike often."""
    written = load_plain("lessons")
    sets, number = np.unique(written.targets, axis=0, return_inverse=True)
    of_set = [np.flatnonzero(number == own) for own in range(len(sets))]
    # A set of several labels is no rarer than one label: what lies between them is what is hard.
    said = [random.choice(of_set[i]) for i in random.integers(len(sets), size=count // 2)]
    which = [list(_PATTERNS)[i] for i in random.integers(len(_PATTERNS), size=count - count // 2)]
    texts = [_said(_PATTERNS[labels][random.integers(len(_PATTERNS[labels]))], random) for labels in which]
    targets = np.stack([np.isin(LABELS, labels.split()) for labels in which]).astype(np.float32)
    return LabelledTexts(
        (*(written.texts[i] for i in said), *texts), np.concatenate([written.targets[said], targets / targets.sum(1, keepdims=True)])
    )


def taught(text: str) -> bool:
    """Whether a lesson can say this text, whatever its case and punctuation: such a sentence is no test of what was learnt."""
    written, patterns = _can_say()
    bare = unpunctuated(text)
    return bare in written or any(pattern.fullmatch(bare) for pattern in patterns)


@cache
def _can_say() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """The written lessons without case and punctuation, and of each pattern what it can say so."""
    fillers = {name: f"(?:{'|'.join(map(unpunctuated, words.split('|')))})" for name, words in _FILLERS.items()}
    name = re.compile(f"0({'|'.join(sorted(_FILLERS, key=len, reverse=True))})")
    bare = (unpunctuated(re.sub(r"{(\w+)}", r"0\1", line)) for lines in _PATTERNS.values() for line in lines)  # no pattern has a digit
    patterns = tuple(re.compile(name.sub(lambda brace: fillers[brace[1]], line)) for line in bare)
    return frozenset(map(unpunctuated, load_plain("lessons").texts)), patterns


def _said(pattern: str, random: np.random.Generator) -> str:
    """The pattern with its braces filled, as a sentence."""

    def drawn(brace: re.Match[str]) -> str:
        words = _FILLERS[brace[1]].split("|")
        return words[random.integers(len(words))]

    text = re.sub(r"{(\w+)}", drawn, pattern)
    return text[0].upper() + text[1:]
