"""Made-up sentences about what happened to somebody: they name no expression, yet people hear one. Training only.

The corpora are comments and dialogues, where an expression is mostly said. "Someone scratched my car" occurs in neither. Patterns are as
in `lessons`, whose words and these may stand in braces.
"""

from __future__ import annotations

FILLERS: dict[str, str] = {
    "kin": (
        "my sister|my brother|my son|my daughter|my best friend|my mother|my father|my grandmother|my grandfather|my wife|my husband|"
        "my mum|my dad|my aunt"
    ),
    "own": "my car|my bike|my laptop|my phone|my garden|my suitcase|my guitar|my new coat|my keys|my tent",
    "exam": "the theory test|the driving test|my finals|the last test|the entrance exam|the interview",
    "meal": "soup|salad|pizza|bread|coffee|yoghurt|rice|cake|stew|apple|burger|tea",
    "bug": "maggot|fly|beetle|slug|hair|fingernail|sticking plaster|worm|cockroach|dead moth",
    "beast": "spider|rat|snake|wasp|scorpion|bat|huge dog|bull|wolf",
    "limb": "my arm|my leg|my neck|my pillow|my bed|my shoulder|my hand|the wall above me",
    "knob": "button|switch|lever|key|slider|knob|menu",
    "skill": "sing|cook|dance|speak Chinese|ski|play the violin|juggle|drive a tractor|paint like that",
    "relation": "brother|sister|cousin|boss|uncle|wife|husband|neighbour|teacher|twin",
    "city": "Paris|London|Rome|Tokyo|New York|Vienna|hospital|bed|prison",
    "summer": "May|June|July|August|the desert|Rome",
    "lately": "last night|this morning|yesterday|on Monday|while we slept|while I was away",
    "hours": "an hour|two hours|four hours|the whole morning|all day|ages",
}

SITUATIONS: dict[str, str] = {
    "neutral": """Someone left a {thing} at the desk.|Someone called and asked for you.|Somebody from the bank will call {when}.
The doctor is in from nine to five.|I have an appointment with the doctor {when}.|What does this {knob} do?|What is that {knob} for?
What does this word mean?|Which {knob} do I press?|Press the {knob} to begin.|How does it work?|Let's see how it works.
Let's see what it does.|Let me try the {knob}.|I have lived {where} for {number} years.|I spoke to the manager about the order.
My neighbour plays the piano.|My neighbour has a {colour} car.|The rent is due on the first.|The rent is {number} hundred euros.
She would like a {thing}.|He parked the car behind the house.|The car is at the garage.|The plane lands {when}.|The dog is asleep.
The cat lies on the sofa.|We need {meal} and eggs.|We still need {dish} and {meal}.|I had {meal} {lately}.|The water is warm.
I washed my hands.|Wash your hands before lunch.|He said he would come {when}.|She said it is {where}.|She said maybe.
{kin} lives {where}.|{kin} works in an office.|I got an e-mail from the bank.|I'll look it up.|I'm at my desk.|I'm sitting at a table.
I'm standing by the window.|I'm looking at the screen.|I am wearing a {colour} shirt.|It's cloudy today.|It's raining.|It may rain {when}.
One, two, three, four.|Testing, testing.|This is a demonstration.|My birthday is in March.|The party is {when}.|The exam is {when}.
The wedding is {when}.|The film is two hours long.|The test has {number} questions.|He is my {relation}.|She is my {relation}.
This is my {relation}.|The {place} is closed on Sundays.|The lift is on the right.|Press two for English.|They open the door at {number}.
It's {number} o'clock.|Today is Monday.|I had {meal} for dinner.|We painted the {place} {colour}.|I need to charge my phone.
He put the {thing} in {own}.|The spider has eight legs.|Snakes lay eggs.|The toilet is {where}.|The bin is under the sink.""",
    "joy": """I passed {exam}!|{kin} passed {exam}!|He said yes when I asked him to marry me.|They offered me the job.
I got the scholarship.
They took me!|I'm getting married {when}!|We're expecting a {child}!|My {child} took the first steps {lately}.|{kin} is healthy again.
{kin} is finally coming home!|Guess who is coming home: {kin}!|The doctors say that I'm cured.|The tests came back clean.
It's my birthday!|We're off to the seaside {when}!|The holidays start {when}!|I've got the whole week off.|We have a new puppy!
They gave me a pay rise.|My boss praised me in front of everybody.|They are going to print my story.|We danced all night.
The sun is shining and the birds are singing.|I've paid off all my debts.|My team is through to the final.|We beat them five to nil.
{kin} hugged me and said thank you.|Everyone clapped when I had finished.|You've made my {time}.|That really makes my {time}.
I'm in such a good mood.|I'm over the moon.|I'm on cloud nine.|I could hug the whole world.|I'm walking on air.|Life is good.
Life couldn't be better.|Never felt this good.|Never felt so {glad}.|Never been more {glad}.|Couldn't be more {glad}.|Couldn't be better.
I've never been better.|I couldn't ask for more.|What a {nice} present!|Such good news!|That's the best {meal} that I ever had.
This is the best {time} that I ever had.|You always make me laugh.|You crack me up.|I love you so much.|I love you all.|I'm in love.
{kin} and I are friends again.|Things are getting better and better.|Everything is going my way.|It finally worked!
All my wishes came true.|This is a dream come true.|At last we can be together.|So good to have you back.
I'm so relieved that {kin} is safe.
What a relief, {kin} is fine.|I won a prize!|I can't stop grinning.|I keep smiling all day.|Here's to us!|Congratulations!
Happy birthday, {who}!|Well done, I'm so proud of you!|Great work, you two!|Good news, {kin} is out of hospital!|They loved my {meal}!
My {child} drew me a picture, it's so sweet.|She kissed me!|We kissed for the first time.|I found {own} again!|School is out!""",
    "sadness": """If only I could see {loss} again.|I wish I could talk to {loss} one last time.|I wish I could hold her hand once more.
I would give anything to see {loss} again.|{loss} won't come back.|She isn't coming back to me.|{loss} would have been fifty today.
He would have turned twenty this week.|{loss} passed away {lately}.|We had to put the dog down.|{kin} left me for somebody else.
My wife wants a divorce.|We split up {lately}.|It's over between us.|I failed {exam} again.|I didn't get the job.|I got fired {lately}.
They let me go after twenty years.|I've lost my flat and my savings.|I've lost all that I had.|Nobody came to my party.
Nobody remembered my birthday.|They all went without me.|Nobody asked me to come along.|I ate my birthday cake alone.
I sit at home every evening and wait for a call.|{kin} doesn't talk to me any more.|{kin} is seriously ill.|{kin} is dying.
{kin} doesn't know who I am any more.|The doctors can do nothing more for {kin}.|There's no point any more.|I see no sense in anything.
I can't go on.|I give up.|I have no strength left.|Nothing I do is good enough.|I'm good for nothing.|I let everybody down.
It's my fault that {loss} is dead.|I should have been there for {loss}.|I never got to say goodbye.|I never told {loss} that I was sorry.
I had to say goodbye to {kin}.|I want to go home, I miss {kin}.|I long for home.|I miss the old times.|I miss {kin} every day.
The house is so quiet without {kin}.|Her chair is empty now.|His shoes still stand in the hall.|All I have left is a photo of {loss}.
I still set the table for two.|It still hurts.|I can't get over it.|It will never be as it was.|All my hopes are gone.|I'm not doing well.
I am not all right.|I've been in bed for days.|I haven't laughed in months.|What did I do wrong?|Why wasn't I good enough?
I'm so sorry for your loss.|Our house burned down and nothing is left.|What a pity that {kin} can't come.|We lost in the last minute.
We had to close the shop for good.|I had such hopes, and now this.|They took my {child} away from me.|My {child} never calls.
She took the ring off.|He forgot me.|I'll never be good at anything.|I was left out again.|I wish I had never been born.""",
    "anger": """Somebody scratched {own}.|Someone has dented {own}.|Somebody stole {own} {lately}.|Someone took my parking space again.
{they} broke my {thing} and laughed.|You broke {own}!|You've ruined my {time}.|You spoil everything.|I've been waiting for {hours}!
I have been standing here for {hours}.|{hours} on hold, and nobody answers.|They put me on hold again.|They have overcharged me again.
They keep putting up the prices.|They raised my rent again.|You still owe me money.|I want to speak to your boss.|I want to complain.
I demand an explanation.|I demand an apology.|Don't tell me what to do!|Don't tell me to relax!|Calm down? You calm down!
That's none of your concern.|Keep out of this.|He pushed in front of me.|{who} jumped the queue.|{who} took the credit for my work.
{who} talks behind my back.|{who} went through my phone.|{who} lied to me again.|You're lying!|Liar!|Stop telling lies!
You promised, and you broke your word.|You never let me finish.|You never help in the house.|You always have an excuse.
I've told you a hundred times.|How often do I have to say it?|How many times have I said no?|Which part of no don't you understand?
{they} are playing loud music again.|It's three in the morning, turn that music down!|The dog next door barks all night long.
Somebody keeps eating my lunch.|Who ate my {meal}?|Who said that you could use {own}?|Hands off!|Get off my lawn!|Out of my way!|Move!
This is absurd.|This is unacceptable.|That's a disgrace.|What a cheek!|What an idiot!|You idiot!|Are you out of your mind?
I'm not going to say it again.|I'm warning you.|You'll be sorry for this.|I'll sue you.|I hate my landlord.|It makes me so {mad}.
{who} drives me mad.|This drives me nuts.|He parked across my drive.|I paid for this, and it doesn't work.
It broke on the first day, I want my money back.|Another driver nearly pushed me off the road, the idiot.|She hung up on me.
He slammed the door in my face.|They treat us like dirt.|This computer is driving me mad.|Work, you stupid thing!|Not my problem, get lost.
The {runs} is {again}, every single day!|They lost my luggage again.|My flight is {again} and nobody tells us anything.|You had one job!
You're late again!|{who} is late again, I've been standing here for {hours}.|They didn't even say sorry.|Nobody here does any work but me.
My brother keeps taking my things.|My boss makes me work every weekend.|The builders have been hammering since six.""",
    "fear": """Somebody broke into our flat {lately}.|Burglars broke in {lately}.|There were burglars in the house {lately}.
Someone tried to open my door {lately}.|I hear steps {where}.|There's somebody at the window.|Someone is watching me.
The lights went out and I heard a voice.|There's a {beast} on {limb}!|A {beast} is crawling up {limb}!|There is a {beast} in the {place}!
A {beast} is running towards us.|It's right behind us.|He's right behind us!|They're coming to get us.|They are coming closer.
Don't leave me alone here.|Don't turn off the light!|Don't move, it can see us.|Don't open that door!|I've got a bad feeling.
I have a bad feeling about the {place}.|Something isn't right here.|Something terrible is going to happen.|The doctor has found a lump.
I'm waiting to hear if it's cancer.|What if it's cancer?|They have to operate on me {when}.|What if I lose my job?|I could lose everything.
What if {kin} doesn't wake up?|{kin} hasn't come home and doesn't answer the phone.|My {child} is missing.|I can't find my {child} anywhere.
My chest hurts, I think it's my heart.|I can't feel my arm, call a doctor!|Help, I can't swim!|I'm slipping, hold me!
The brakes have failed!|The brakes aren't working!|A car nearly hit me.|We almost crashed.|I was almost run over.|The plane is shaking.
The water is rising.|I smell smoke.|The house is on fire!|There's gas in here, get out!|The ground is shaking.
It's so dark and I'm alone.|I can't get out of here.|The door is locked, and somebody is in here.|I'm trapped.|Let me out, please!
He said he would kill me.|He threatened me with {weapon}.|He's going to hit me again.|I don't dare to go home.|I can't look down.
My knees are shaking.|My hands won't keep still.|My mouth is dry and my heart is racing.|I'm going to faint.|I broke out in a cold sweat.
I had a nightmare.|I keep having nightmares.|I see him in my dreams and wake up screaming.|I can't go on stage.|What will they do to us?
Are we safe here?|Is it still out there?|Please don't hit me.|Please let me go.|Somebody help us!|Somebody call an ambulance!
Did you lock the door? I heard something.|They're shooting!|Get down!|Stay back!|Is it going to bite?|I'm being followed.
I don't want to go to prison.|I might have failed {exam}.|What if they find out?|What will happen to my {child}?""",
    "disgust": """I found a {bug} in my {meal}.|There's a {bug} in my {meal}.|There was a {bug} in the {dish}.|I bit into a {bug}.
{who} sneezed into the {meal}.|{who} spat into the {meal}.|He spits on the street.|He burps at the table.|{who} eats like a pig.
{who} talks with his mouth full.|{who} picks his teeth with a fork.|{who} licked the {thing}.|{who} never showers.
{who} never brushes his teeth.|He hasn't washed for weeks.|The toilet is blocked and it stinks.|The toilet hasn't been cleaned for weeks.
The toilet is running over.|The drain is full of hair.|The {dish} has gone off.|The {dish} went bad.|The {meal} has gone sour.
There's mould on the {meal}.|There's mould all over the {dish}.|The {dish} is crawling with maggots.|There are rats in the rubbish.
Rats have been at the {dish}.|The bin is full of maggots.|The rubbish is dripping onto the floor.|The dog was sick on the carpet.
Somebody was sick in the lift.|Somebody peed in the lift.|I stepped in something soft and wet.|I've got dog mess on my shoe.
Your socks stink.|Your breath smells.|His armpits smell.|It smells of sweat and old cheese.|It smells of sewage.|It stinks in here.
That smell makes me gag.|I have to gag.|I can't look at it, it's full of pus.|There's slime everywhere.|I can still smell it, ugh.
Ugh, that taste won't go away.|Ew, take that out of your mouth!|Ew, don't touch it!|Ew, is that a {bug}?|Ugh, you drank from that?
Ugh, who put gum under the table?|The water is brown and smells.|There is a slimy film on the water.|He wiped his nose on his sleeve.
He put his dirty feet on the table.|There's chewing gum in my hair.|The sheets have stains on them.
I wouldn't eat there, I've seen the kitchen.|The raw meat lay in the sun all day.|That stench!|Somebody didn't flush.
They found a {bug} in a can of {meal}.|He cut his toenails at the table.|The bathroom is covered in hair.|He drinks out of the toilet.
The fish is three weeks old.|His beard is full of {meal}.|My hands are all sticky, bah.|That looks like vomit.
Don't eat off the floor, yuck.""",
    "surprise": """You're moving out?|You two know each other?|You know {who}?|You did that on your own?|You made this yourself?
How did you get in here?|How did you do that so fast?|How are you here already?|I thought you were in {city}!
I thought you would come {when}!
I didn't know you could {skill}.|I had no clue that you could {skill}.|Since when can you {skill}?|You can {skill}?|Is that you, {who}?
{who} just turned up {where}.|{who} just walked in after ten years.|Suddenly {who} was at the door.|Snow in {summer}?|It snows in {summer}?
It's hailing in {summer}!|They give it away for nothing?|It's free?|It costs a thousand euros?|He is your {relation}?
She is your {relation}?
{who} is your {relation}?|We have the same birthday?|Your {relation} works here, too?|What a coincidence!|Oh wow, look at that!|Wow.
Oh my.|Whoa, what's that?|Whoa, look at the size of it!|That's incredible.|Unbelievable!|Incredible!|I'd never have guessed it.
Who'd have guessed?|That came from nowhere.|It came out of the blue.|It just appeared.|It vanished before my eyes!
The {thing} was gone, and now it's back!|You must be joking!|You said what?|She did what?|They did what?|He is how old?
How much?|Say that again?|Come again?|I can't believe my eyes.|I can't believe it's already {summer}.|I can't believe it's you.
Did you really do that?|Did that just happen?|What just happened?|What was that?|Where did he go? He was just here!|You've grown so much!
You cut your hair!|You startled me, I didn't hear you come in.|Oh, I didn't see you there.|For me?|All of this is for me?
So that was you?|You remembered that?|There are {number} of them?|Already? I thought it was {when}!|You ate all of it?|Hold on, what?""",
    "anger surprise": """Are you kidding me?|You've got to be kidding me!|You cannot be serious!|What the hell?
You did that without asking me?""",
    "fear surprise": "You scared me!|You scared me, I didn't hear you!|You gave me a fright!|What was that noise?|You made me jump!",
    "neutral joy": "{kin} is coming to visit {when}.|He said yes.|{kin} has a new job.|They gave us the keys to the house.",
    "neutral anger": "I would like to see the manager.|I've been waiting for {number} minutes.|That isn't what I ordered.",
    "joy surprise": "What a {nice} surprise!|Me? I won?|For me? How {nice}!|You did all this for me?",
}
