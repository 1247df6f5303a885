"""What robots say of themselves in the body: the only sign of those that stamp no header and name nothing in the subject.

Asked of the new words alone, so that nobody speaks as a robot who quotes one, and of their beginning and end, where such sentences
stand. A sentence that only programs write is enough; an absence wants a second sign (when it ends, or whom to ask meanwhile),
for people tell that they are away, too.
"""

from __future__ import annotations

import re

_BEGINNING = 700
_END = 400

_OF_ITSELF = re.compile(
    r"(?:this|the following) (?:is an?|(?:e-?mail|message|reply|response|mail|notice) (?:is an?|was|has been|is)) ?"
    r"(?:auto(?:mated|matic|matically|-?generated|-?reply|-?response)|system[- ]generated)\b(?! scan| check)|"
    r"this (?:e-?mail |message )?(?:mailbox|inbox|address|e-?mail address|account) is (?:not|no longer|un)[ -]?(?:being )?monitored|"
    r"(?:please )?do not (?:reply|respond) (?:directly )?to this (?:e-?mail|message|mail|notification)|"
    r"please type your reply above this line|"
    r"your (?:request|ticket|e-?mail|message|enquiry|inquiry|case) (?:\S{1,20} )?has been (?:successfully )?(?:received|created|"
    r"opened|logged|registered)\b"
    r".{0,80}(?:support|review|staff|shortly|ticket|reference|number|#|team)|"
    r"(?:ticket|case|request) (?:id|number|no\.?|#) ?(?:is )?:? ?\S{1,30}\s.{0,40}(?:has been|was) created|"
    r"a (?:new )?(?:ticket|case) has been "
    r"(?:created|opened)|ticket (?:was|has been) created for your|"
    r"thank you for contacting .{1,60}(?:will (?:respond|reply|get back|contact you|be in touch)|has been received|within \d)|"
    r"(?:your message|your mail|it) (?:about .{1,80} )?(?:is being held|was waitlisted|was quarantined)|"
    r"confirm (?:that )?you(?:'re| are) (?:a )?human|"
    r"your message\s+to: .{0,300}was (?:read|displayed|deleted) on |^your message$|^your message was read on |"
    r"diese (?:e-?mail|nachricht|mail|antwort) (?:wurde|ist|wird) (?:eine )?automatisch|dies ist eine (?:automatisch|system)|"
    r"bitte (?:antworten sie|antwortet?) nicht auf diese|eingangsbestätigung zu ihrer|"
    r"ihre anfrage wurde (?:unter|mit) der (?:ticket)?nummer|"
    r"ceci est un (?:e-?mail|message|courriel|mail) automatique|(?:message|e-?mail|courriel) (?:est )?(?:généré|envoyé) automatiquement|"
    r"merci de ne pas (?:y )?répondre|ne (?:pas répondre|répondez pas) à ce|"
    r"est[ea] (?:es un|correo|mensaje).{0,30}(?:automátic|generado automáticamente)|"
    r"(?:por favor,? )?no (?:responda|conteste) (?:a )?este|"
    r"questa? (?:è un|e-?mail|messaggio).{0,30}automatic|(?:si prega di )?non rispondere a quest|"
    r"est[ae] (?:é uma?|e-?mail|mensagem).{0,30}automátic|(?:por favor,? )?não responda (?:a )?est|"
    r"dit is een automatisch|deze (?:e-?mail|bericht) is automatisch|gelieve niet te (?:antwoorden|reageren)|"
    r"det(?:te| här| her) (?:är|er) et?t? automati|svara inte på det(?:ta|te)|(?:ne|ikke) svar (?:ikke )?på denne|"
    r"tämä on automaatti|älä vastaa tähän|wiadomość (?:została )?(?:wygenerowana|wysłana) automatycznie|prosimy? nie odpowiadać|"
    r"tato zpráva byla (?:vygenerována|odeslána) automaticky|neodpovídejte na|ez egy automatikus|ne válaszoljon erre|"
    r"acesta este un mesaj (?:generat )?automat|vă rugăm să nu răspundeți|"
    r"это (?:автоматическое|письмо (?:сформировано|создано|отправлено) автоматически)|не отвечайте на это|це автоматичн|"
    r"не відповідайте на цей|"
    r"bu (?:bir )?(?:otomatik|e-?posta otomatik)|yanıtlamayınız|αυτό είναι (?:ένα )?αυτόματο|"
    r"自動(?:返信|送信|配信|応答)(?:です|され|して|にて|メール|により)|送信専用|本邮件(?:由|为)系统|系统自动(?:发送|回复)|"
    r"请勿(?:直接)?回复|請勿(?:直接)?回覆|"
    r"자동(?:으로)? ?(?:발송|회신|응답)|발신 ?전용",
    re.IGNORECASE | re.DOTALL,
)
_ABSENT = re.compile(
    r"(?:\bi am|\bi'm|\bi will be|\bi'll be|\bwe are|am currently|currently) (?:currently )?(?:out of (?:the )?office|"
    r"away from (?:the|my) "
    r"(?:office|desk)|on (?:annual |parental |maternity |paternity |sick |medical |study )?(?:leave|holiday|vacation))|"
    r"nicht im (?:büro|haus|hause)|im urlaub|in elternzeit|nicht erreichbar|außer haus|\babwesend|"
    r"(?:suis|serai|sommes) (?:actuellement |moi )?(?:absente?|en congés?|en vacances|en déplacement)|"
    r"(?:estoy|estaré|me encuentro|encontraré) (?:actualmente )?(?:fuera|de vacaciones|ausente)|"
    r"(?:sono|sarò) (?:attualmente )?(?:assente|in ferie|fuori)|"
    r"(?:estou|estarei|encontro-me|encontrar-me-ei) (?:atualmente |actualmente )?(?:ausente|de férias|em férias|fora)|"
    r"(?:ben|momenteel) (?:ik )?(?:momenteel )?(?:afwezig|op vakantie|niet aanwezig|met verlof)|"
    r"jag (?:är|har) (?:just nu )?(?:på semester|semester|föräldraledig|inte på kontoret|tjänstledig)|"
    r"jeg (?:er|har) (?:for tiden |desværre )?(?:på ferie|ferie|ikke på kontoret|ikke til stede)|"
    r"olen (?:tällä hetkellä )?(?:lomalla|poissa)|"
    r"(?:jestem|przebywam|będę) (?:obecnie )?(?:na urlopie|nieobecn|poza biurem)|jsem (?:momentálně )?(?:na dovolené|mimo kancelář)|"
    r"som (?:momentálne )?na dovolenke|szabadságon (?:vagyok|leszek)|(?:sunt|mă aflu) (?:momentan )?în concediu|"
    r"нахожусь в отпуске|(?:я )?в отпуске (?:до|с)|отсутствую|перебуваю у відпустці|у відпустці (?:до|з)|izindeyim|izinde olacağım|"
    r"ofis(?:te|im)? dışında|(?:είμαι|θα είμαι|βρίσκομαι) (?:εκτός|σε άδεια)|休暇を(?:いただ|頂|取)|不在(?:にして|にいた|とな)|"
    r"休暇中(?:です|のため)|"
    r"(?:正在|目前)(?:休假|外出|出差)|休假中|외근|휴가 ?중",
    re.IGNORECASE,
)
_MEANWHILE = re.compile(
    r"will (?:return|be back|respond|reply|answer|get back)|(?:i'll|i will) (?:return|be back|respond|reply)|"
    r"back (?:in the office )?on |returning on|"
    r"(?:urgent|emergenc|immediate|in my absence)|(?:no|limited|not have|without) access to (?:my )?e-?mails?|"
    r"not be (?:checking|reading)|"
    r"dringende[nr]?|wenden sie sich|wieder (?:da|im büro|im haus|erreichbar|für sie)|nicht weitergeleitet|vertret(?:ung|en)|"
    r"\burgen(?:ce|t|cia|ze|te|tes)\b|de retour|mon absence|mi ausencia|regres(?:o|aré)|mia assenza|rientr|urgênci|minha ausência|"
    r"retorn(?:o|arei)|"
    r"dringend|spoed|mijn afwezigheid|weer aanwezig|brådskande|åter den|tillbaka den|haster|tilbage den|tilbake|kiireelli|palaan|"
    r"piln(?:ych|e|ą)|mojej nieobecności|wracam|naléhav|urgentn|zastup|vrátím|sürgős|visszatér|urgență|revin|"
    r"срочн|вернусь|термінов|повернуся|acil|kadar|döneceğim|επείγο|επιστρ|緊急|お急ぎ|戻り|急事|紧急|返回|급한|복귀",
    re.IGNORECASE,
)


def speaks_as_robot(words: str) -> str | None:
    """The sentence by which a program says what it is, or the words of an absence with a second sign of one; else None.

    `words` are the new words of a mail. Bounded: their first 700 and last 400 signs are looked at.

    >>> speaks_as_robot("I am on annual leave. For urgent matters call Bob."), speaks_as_robot("I am on annual leave, call me in May.")
    ('I am on annual leave', None)
    """
    looked_at = words if len(words) <= _BEGINNING + _END else words[:_BEGINNING] + "\n" + words[-_END:]
    text = " ".join(looked_at.replace("’", "'").split())
    of_itself = _OF_ITSELF.search(text)
    if of_itself is not None:
        return of_itself[0][:40]
    absent = _ABSENT.search(text)
    return absent[0][:40] if absent is not None and _MEANWHILE.search(text) is not None else None
