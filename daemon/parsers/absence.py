"""Words of absence, as responders say them in the languages of mail: since when, until when, whom to ask meanwhile. Pure, total.

People tell that they are away, too. So an absence alone proves nothing: it is a responder's with what responders add to it (when it
ends, who helps meanwhile, thanks for a mail that nobody read, when it will be read), and never where something is asked of us or a
fault is told.
"""

from __future__ import annotations

import re

from daemon.parsers import faultwords

_SHORT = 1200
_NEAR_THE_BEGINNING = 400

_ABSENT = re.compile(
    r"\booo\b|(?:\bi am|\bi'm|\bi will be|\bi'll be|\bwe are|am currently|currently) (?:currently )?(?:out of (?:the )?office|"
    r"away (?:from (?:the|my) "
    r"(?:office|desk)|until)|on (?:annual |parental |maternity |paternity |sick |medical |study )?(?:leave|holiday|vacation))|"
    r"nicht im (?:büro|haus|hause)|im urlaub|in elternzeit|nicht erreichbar|außer haus|\babwesend|"
    r"(?:suis|serai|sommes) (?:actuellement |moi )?(?:absente?|en congés?|en vacances|en déplacement)|"
    r"(?:estoy|estaré|me encuentro|encontraré) (?:actualmente )?(?:fuera|de vacaciones|ausente)|"
    r"(?:sono|sarò) (?:attualmente )?(?:assente|in ferie|fuori)|"
    r"(?:estou|estarei|encontro-me|encontrar-me-ei) (?:atualmente |actualmente )?(?:ausente|de férias|em férias|fora)|"
    r"(?:ben|momenteel) (?:ik )?(?:momenteel )?(?:afwezig|op vakantie|niet aanwezig|met verlof)|"
    r"jag (?:är|har) (?:just nu )?(?:på semester|semester|föräldraledig|inte på kontoret|tjänstledig)|"
    r"jeg (?:er|har|holder) (?:for tiden |desværre )?(?:på ferie|ferie|ikke på kontoret|ikke til stede)|"
    r"olen (?:tällä hetkellä )?(?:lomalla|poissa)|"
    r"(?:jestem|przebywam|będę) (?:obecnie )?(?:na urlopie|nie ma mnie|nieobecn|poza biurem)|jsem (?:momentálně )?(?:na dovolené|"
    r"mimo kancelář)|"
    r"som (?:momentálne )?na dovolenke|szabadságon (?:vagyok|leszek)|(?:sunt|mă aflu) (?:momentan )?în concediu|"
    r"нахожусь в отпуске|(?:я )?в отпуске (?:до|с)|отсутствую|перебуваю у відпустці|у відпустці (?:до|з)|izindeyim|izinde olacağım|"
    r"ofis(?:te|im)? dışında|(?:είμαι|θα είμαι|βρίσκομαι) (?:εκτός|σε άδεια)|休暇を(?:いただ|頂|取)|不在(?:にして|にいた|とな)|"
    r"休暇中(?:です|のため)|"
    r"(?:正在|目前)(?:休假|外出|出差)|休假中|외근|휴가 ?중",
)
_MEANWHILE = re.compile(
    r"will (?:return|be back|respond|reply|answer|get back)|(?:i'll|i will) (?:return|be back|respond|reply)|"
    r"back (?:in the office )?on |returning on|"
    r"\b(?:in|for|if|any|with|most|anything|something|für|bei|pour|en|para|per|em|voor|bij|vid|ved|för|v|w|pro|pentru|по|для|за|για) "
    r"(?:\S{1,12} ){0,2}(?:d')?(?:urgen[ctțz]|emergenc|immediate|dringend|spoed|brådsk|hast|piln|naléhav|срочн|термінов|επείγο)|"
    r"urgent(?:ly)? (?:matter|case|quer|request|issue|"
    r"enquir|inquir|question|assist|help|need|attention)|immediate (?:assist|help|attention|support)|emergenc(?:y|ies)[,:]|in my absence|"
    r"(?:no|limited|not have|without) access to (?:my )?e-?mails?|"
    r"not be (?:checking|reading)|"
    r"dringende (?:fälle|anfragen|anliegen|angelegenheiten|fragen)|wenden sie sich|"
    r"wieder (?:.{0,30} )?(?:da|im büro|im haus|erreichbar|für sie|zurück)\b|nicht weitergeleitet|vertret(?:ung|en)|kehre .{0,20}zurück|"
    r"nach meiner rückkehr|"
    r"\burgence|urgen(?:cias?|ze)\b|(?:asunto|tema|caso|casi|richiest|cas|demande|kwesti|spraw)\w{0,3} (?:urgent|piln)|de retour|"
    r"mon (?:absence|retour)|mi ausencia|regres(?:o|aré)|mia assenza|rientr|al mio ritorno|"
    r"urgênci|minha ausência|"
    r"retorn(?:o|arei)|"
    r"mijn afwezigheid|weer aanwezig|åter den|tillbaka den|haster det|hastesak|tilbage den|tilbake|kiireelli|palaan|"
    r"mojej nieobecności|wracam|zastup|vrátím|sürgős|visszatér|revin|"
    r"вернусь|повернуся|acil|kadar|döneceğim|επείγο|επιστρ|緊急|お急ぎ|戻り|急事|紧急|返回|급한|복귀",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"\b(?:until|till|through|back|returning|bis|ab dem|jusqu|hasta|fino al?|até|tot|t\.?o\.?m|do|až|päättyen|до|до|kadar|până|zurück|"
    r"volv|"
    r"torn|terug|åter|palaan|wracam)\b|まで|到|至|까지|"
    r"(?<!the )(?<!as )contact(?!s\b| for\b| person)|kontakt|joindre|rivolg|wend(?:en)?\b|antworten|beantwort|respond|reply|antwoord|"
    r"répond|rispond",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"\bI(?:'m| am| will be|'ll be) back|keine (?:e-?)?mails|not (?:be )?(?:reading|checking) (?:my )?(?:e-?)?mail", re.IGNORECASE
)
_ASKS = re.compile(
    r"[?？](?=\s|\Z)|[\u0370-\u03ff];|か。|お願い(?:いた|でき|し)|"
    r"(?<!sich )\b(?:please|pls|bitte|s'il vous plaît|svp|merci de|por favor|per favore|proszę|prosím|alstublieft|graag|пожалуйста|"
    r"будь ласка|lütfen)\b,? ?+"
    r"(?!(?:\S{1,12} ){0,2}(?:contact|call|phone|reach|direct|refer|note|get in touch|be (?:aware|patient|advised)|e-?mail|write to|"
    r"forward|"
    r"address|use|wenden|kontakt|rufen|richten|beachten|schreiben|joindre|adresser|comunic|dirig|diríj|rivolg|chiam|kontrol|zadzwo|pisa|"
    r"obra|"
    r"обра|звони|связ|iletişim))",
    re.IGNORECASE,
)
"""A question, or a request for something else than to turn to somebody: a person wants something of us."""

_TURN_TO = re.compile(r"(?:kontaktieren|rufen|schreiben|wenden|richten|beachten|nutzen) sie (?:\S{1,12} ){0,2}bitte", re.IGNORECASE)
_AWAY = re.compile(
    r"out of (?:the )?office|\booo\b|\bon (?:\w{1,12} )?(?:leave|holidays?|vacation)\b|"
    r"\b(?:am|be|are|is|'m) (?:currently )?(?:away|absent|unavailable|travell?ing|abroad)|(?:is|are|will be) closed|\battending an?\b|"
    r"\bonly work|"
    r"no longer (?:with|works?|employed|at)\b|\bha(?:s|ve) left\b|"
    r"nicht im (?:büro|hause?|dienst)|urlaub|elternzeit|abwesen|(?:nicht|eingeschränkt) erreichbar|dienstreise|außer haus|"
    r"krank(?:geschrieben|heitsbedingt)|arbeite nur|geschlossen|"
    r"nicht mehr (?:im|für|bei)\b|wieder (?:im büro|erreichbar|für sie da)|"
    r"\babsente?s?\b|en congés?|en vacances|en déplacement|\bfermée?s?\b|"
    r"fuera de (?:la )?oficina|de vacaciones|\bausentes?\b|de viaje|de baja|\bcerrad|"
    r"\bassent[ei]\b|in ferie|fuori (?:ufficio|sede)|in viaggio|\bchius[oi]\b|de férias|em férias|fora do escritório|em viagem|\bfechad|"
    r"afwezig|met (?:verlof|vakantie)|op vakantie|niet (?:op kantoor|aanwezig)|gesloten|"
    r"på semester|(?:föräldra|tjänst)ledig|tjänsteresa|inte på kontoret|\bferie\b|ikke (?:på kontoret|til stede)|\bbarsel|permisjon|"
    r"stengt|lukket|stängt|"
    r"\blomalla|vapaalla\b|\bpoissa|na urlopie|nieobecn|poza biurem|w delegacji|zamknięt|dovolen|mimo kancelář|nepřítom|szabadságon|"
    r"în concediu|"
    r"в отпуске|отсутств|не будет в офисе|командировк|у відпустці|відсутн|\bizin(?:de|li)|ofis(?:te)? dışında|tatilde|"
    r"εκτός γραφείου|σε άδεια|απουσι|休暇|不在|休業|出張|休假|出差|外出|放假|离职|휴가|부재|출장|휴무",
)
_ENDS = re.compile(
    r"\b(?:until|through|return(?:ing)?|back (?:on|in|from)|as soon as I am back|next working day|bis (?:zum|einschl|ende|\d)|wieder|"
    r"jusqu|"
    r"retour|hasta|volver|regres|vuelta|fino al?|rientr|ritorn|torn(?:o|erò)|até|retorn|volto|tot (?:en met )?\d|terug|till (?:och|\d)|"
    r"saakka|t\.?o\.?m\b|"
    r"til (?:og|\d)|før\b|asti|palaan|do \d|wrac|vrát|până|до \d|вернусь|возвращ|повернусь|kadar|έως|μέχρι|επιστρ)|"
    r"\b(?:from|vom|du|dal|del|od|с|з) \d.{1,20}\b(?:to|until|through|bis|au|al|do|по|до)\b|\bod \S{1,20} \S{1,20} do\b|"
    r"まで|戻|明け|至|返回|恢复|回来|까지|복귀",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"(?<!the )(?<!as )\bcontact(?!s\b| for\b| person)|\b(?:call|reach|write to|e-?mail) .{0,40}(?:@|\d{3})|wenden|kontakt|vertr[ei]t|"
    r"joindre|"
    r"in my absence|meiner abwesenheit|mon absence|mi ausencia|mia assenza|minha ausência|mijn afwezigheid|correspondant|remplac|ersetzt|"
    r"adresser|écri(?:re|vez)|dirija|diríjase|escrib|contattare|scrivere|rivolg|\bcontat[aeo]|tratar|terecht bij|ota yhteyttä|forduljon|"
    r"\bpisać|обращ|звертай|iletişim|επικοινων|連絡|联系|致电|연락|colleague|kolleg|collègue|compañer|colega|"
    r"urgen[ctțz]|emergenc|dringend|spoed|brådsk|hastesag|kiireelli|piln(?:y|e|ą)|naléhav|срочн|термінов|\bacil|επείγο|緊急|お急ぎ|急事|"
    r"紧急|급한",
    re.IGNORECASE,
)
_THANKED = re.compile(
    r"thank(?:s| you) (?:very much )?for (?:(?:your|the) (?:e-?mail|mail|message)|reaching out)|dank für (?:ihre|deine)|merci (?:pour|"
    r"de) votre|gracias por su|"
    r"grazie per (?:la|il|aver)|obrigad[oa] pel[oa]|voor uw (?:e-?mail|bericht)|tack för ditt|tak for din|takk for|kiitos viestis|"
    r"dziękuję za|děkuji za|спасибо за|дякую за|teşekkür|ευχαριστ|ありがとうございます|感谢您的|谢谢您的|감사합니다",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\bwill (?:\w{1,12} ){0,2}(?:respond|reply|answer|read|get back)|\bslow to|access to (?:my |the )?(?:e-?mails?|mailbox)|"
    r"not (?:be(?:en|ing)? )?(?:read|checked|forwarded|monitored)|nicht (?:automatisch )?(?:gelesen|weitergeleitet|bearbeitet)|"
    r"\blese (?:\w{1,12} )?keine|beantwort|contestaré|läser inte|"
    r"\brépond|connaissance de votre|\bresponder|\brispond|antwoorden|\bodpow|\bodpov|válaszol|răspund|\bотвеч|відпові|yanıtla|"
    r"απαντήσ|返信|お返事|回复|回信|答复|회신|답장",
    re.IGNORECASE,
)
_ADDED = (_ENDS, _INSTEAD, _THANKED, _LATER)


def small(text: str) -> str:
    """The text in small letters, each sign at its place: patterns of small letters alone are looked for several times as fast."""
    in_small = text.lower()
    return in_small if len(in_small) == len(text) else "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)


def said(text: str, found: re.Match[str]) -> str:
    """What was found in small letters as it stands in the text, its first 40 signs."""
    return text[found.start() : found.end()][:40]


def _asks(text: str) -> bool:
    """Whether a person wants something of us: asks it, or tells what is broken."""
    return _ASKS.search(_TURN_TO.sub("", text)) is not None or faultwords.tells_of_a_fault(text)


def told_by_a_responder(text: str) -> str | None:
    """The words of an absence to which a responder's other words stand, in the new words of a mail on one line; else None."""
    in_small = small(text)
    absent = _ABSENT.search(in_small)
    away = _AWAY.search(in_small, 0, _NEAR_THE_BEGINNING) if len(text) <= _SHORT else None
    if (absent is None and away is None) or _asks(text):
        return None
    if absent is not None and _MEANWHILE.search(text) is not None:
        return said(text, absent)
    return said(text, away) if away is not None and sum(added.search(text) is not None for added in _ADDED) > 1 else None


def told_under_a_subject(text: str) -> bool:
    """Whether words under a subject of absence tell since when and until when, or whom to ask, and ask nothing."""
    if _asks(text):
        return False
    if _BACK.search(text) is not None:
        return True
    in_small = small(text)
    if _ABSENT.search(in_small) is None and _AWAY.search(in_small) is None:
        return False
    return any(added.search(text) is not None for added in (_MEANWHILE, _UNTIL, *_ADDED))
