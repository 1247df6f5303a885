"""Words around accounts: the labels of look-up keys, providers whose hosts are nobody's website, legal forms of companies."""

from __future__ import annotations

ORDER, LICENSE, WEBSITE, COMPANY, NAME, PHONE, EMAIL = "order", "license", "website", "company", "name", "phone", "email"

_LABELS = {
    ORDER: "order|order number|order no|order nr|order id|order #|ord|ord no|invoice|invoice number|invoice no|bestellung|bestellnummer|"
    "auftragsnummer|rechnungsnummer|commande|numéro de commande|pedido|número de pedido|ordine|numero ordine",
    LICENSE: "key|license|licence|license key|licence key|activation key|product key|serial|serial number|lizenz|lizenzschlüssel|schlüssel|"
    "clé|clé de licence|clave|clave de licencia|chiave di licenza",
    WEBSITE: "website|web site|website name|licensed website|website address|site|web|url|domain|domain name|homepage|webseite|webpage|"
    "internet|site web|sitio|sitio web|página web|sito|sito web|网站|ウェブサイト",
    COMPANY: "company|company name|organization|organisation|business|business name|account|firma|firmenname|unternehmen|société|"
    "entreprise|empresa|azienda|ditta|bedrijf|会社名|公司",
    NAME: "name|full name|your name|my name|contact|contact name|purchaser|purchased by|downloaded by|nom|nombre|nome|naam|お名前|姓名",
    PHONE: "phone|phone number|tel|tel no|telephone|telephone number|mobile|mobile phone|cell|cell phone|direct|office|telefon|mobil|"
    "handy|téléphone|teléfono|telefono|móvil|telefoon|電話|电话",
    EMAIL: "email|e-mail|mail|email address|e-mail address|e-mail-adresse|courriel|correo|correo electrónico|メールアドレス|邮箱",
}
LABELS = {label: key for key, labels in _LABELS.items() for label in labels.split("|")}
"""What stands before the colon, folded, and the key that stands behind it."""

_FREE_EVERYWHERE = """gmail|googlemail|hotmail|outlook|yahoo|ymail|rocketmail|aol|icloud|gmx|protonmail|tutanota|fastmail|hushmail|zohomail|
    yandex|foxmail|hanmail|rediffmail|t-online|freenet|wanadoo|laposte|btinternet|sbcglobal|bellsouth|bigpond|mailinator|guerrillamail|
    tempmail"""
FREE_NAMES = frozenset("".join(_FREE_EVERYWHERE.split()).split("|"))
"""Providers of mail addresses that go by one name under many top-level domains."""

_FREE_HOSTS = """live.com|live.net|msn.com|passport.com|me.com|mac.com|mail.com|email.com|usa.com|inbox.com|web.de|proton.me|pm.me|tuta.io|
    tutamail.com|tuta.com|hey.com|duck.com|posteo.de|posteo.net|mail.ru|bk.ru|list.ru|inbox.ru|ya.ru|163.com|126.com|sina.com|
    sina.cn|sohu.com|yeah.net|orange.fr|free.fr|sfr.fr|neuf.fr|bbox.fr|o2.pl|wp.pl|onet.pl|op.pl|att.net|cox.net|charter.net|
    juno.com|netzero.net|rogers.com|telus.net|xtra.co.nz|btopenworld.com|ntlworld.com|virginmedia.com|talktalk.net|sky.com|alice.it|
    tin.it|live.co.uk|zoho.com|zoho.eu|qq.com|naver.com|daum.net|libero.it|virgilio.it|tiscali.it|tiscali.co.uk|arcor.de|
    comcast.net|verizon.net|earthlink.net|seznam.cz|centrum.cz|interia.pl|abv.bg|rambler.ru|optusnet.com.au|shaw.ca|sympatico.ca|
    telenet.be|skynet.be|ziggo.nl|bluewin.ch|terra.com.br|uol.com.br|mailbox.org|live.fr|live.de|live.nl|live.it|live.ca|
    live.com.au|bol.com.br|ig.com.br|docomo.ne.jp|ezweb.ne.jp|softbank.ne.jp|nifty.com|nate.com"""
FREE_HOSTS = frozenset("".join(_FREE_HOSTS.split()).split("|"))
"""The same, by the whole name: under another top-level domain it is somebody else."""

_VENDORS = """google.com|goo.gl|g.co|youtube.com|youtu.be|microsoft.com|office.com|office365.com|sharepoint.com|onedrive.com|live.net|
    aka.ms|windows.com|skype.com|apple.com|itunes.com|amazon.com|amazonaws.com|cloudfront.net|facebook.com|fb.com|fb.me|instagram.com|
    whatsapp.com|wa.me|twitter.com|x.com|t.co|linkedin.com|lnkd.in|xing.com|pinterest.com|tiktok.com|reddit.com|telegram.org|t.me|
    jotform.com|typeform.com|surveymonkey.com|mailchimp.com|list-manage.com|sendgrid.net|mailgun.org|constantcontact.com|
    hubspot.com|salesforce.com|force.com|zendesk.com|freshdesk.com|atlassian.net|atlassian.com|slack.com|zoom.us|teams.ms|
    calendly.com|webex.com|dropbox.com|wetransfer.com|we.tl|box.com|docusign.com|docusign.net|adobe.com|github.com|gitlab.com|
    bitbucket.org|stackoverflow.com|wikipedia.org|w3.org|imgur.com|gyazo.com|prnt.sc|screencast.com|loom.com|bit.ly|tinyurl.com|
    ow.ly|paypal.com|stripe.com|ups.com|fedex.com|dhl.com|avast.com|avg.com|norton.com|mcafee.com|mozilla.org|bluemail.me|
    getmailbird.com|emclient.com|trustpilot.com|proofpoint.com|urldefense.com|mimecast.com|barracuda.com"""
VENDORS = frozenset("".join(_VENDORS.split()).split("|"))
"""Hosts that mails link to whoever writes them; their subdomains, too."""

_FILES = """txt|log|pdf|doc|docx|xls|xlsx|csv|ppt|pptx|rtf|odt|ods|zip|rar|gz|tgz|tar|exe|msi|dll|bat|sh|png|jpg|jpeg|gif|bmp|svg|webp|tif|
    tiff|mp3|mp4|mov|avi|wav|eml|msg|html|htm|xhtml|php|asp|aspx|ascx|ashx|asmx|jsp|cgi|css|js|ts|json|xml|yml|yaml|ini|cfg|conf|
    config|toml|py|cs|vb|java|cpp|sql|db|mdb|bak|tmp|sln|csproj|resx|master|net"""
FILE_ENDINGS = frozenset("".join(_FILES.split()).split("|")) - {"net", "sh", "py"}
"""What ends a file's name; a bare word that ends so is no host."""

_FORMS = """inc|incorporated|llc|ltd|limited|co|company|corp|corporation|plc|llp|lp|pllc|pty|pte|pvt|gmbh|mbh|ag|kg|kgaa|ohg|ug|gbr|ek|ev|
    se|sarl|sas|sasu|sa|eurl|snc|sci|bv|nv|vof|cv|bvba|sprl|srl|spa|sapa|ltda|lda|sl|slu|sau|ab|asa|aps|ivs|oy|oyj|hf|ehf|kft|zrt|
    nyrt|sro|spzoo|doo|ood|eood|jsc|ojsc|pjsc|ooo|zao|oao|kk|gk|yk|bhd|tbk|as"""
LEGAL_FORMS = frozenset("".join(_FORMS.split()).split("|"))
"""What ends a company's name and is not part of it."""
BETWEEN_FORMS = frozenset(("and", "und", "et", "y", "e", "de", "private", "sdn"))
"""The same before such a form: "GmbH & Co. KG", "S.A. de C.V.", "Private Limited"."""
FORMS_IN_LINES = LEGAL_FORMS - frozenset(("co", "company", "as", "sa", "se", "ab", "spa", "ag", "ek", "ev", "lp", "limited"))
"""Those that a line of a signature is told to be a company by; the others are words as well."""
LEGAL_SIGNS = ("株式会社", "有限会社", "合同会社", "（株）", "(株)", "㈱", "有限公司", "股份公司", "주식회사", "(주)")
"""Legal forms that stand before or behind a name without a blank."""

NOT_COMPANIES = frozenset(
    """manager|director|engineer|developer|owner|founder|co-founder|cofounder|ceo|cto|cfo|coo|cio|president|vp|vice|head|lead|chief|assistant|
    administrator|admin|consultant|analyst|specialist|coordinator|officer|executive|representative|technician|designer|accountant|buyer|
    sales|marketing|support|service|team|department|dept|office|purchasing|procurement|operations|geschäftsführer|leiter|leiterin|vertrieb|
    einkauf|directeur|gérant|gerente|jefe|responsable|direttore|sent|phone|tel|mobile|fax|cell|email|e-mail|mail|web|www|street|road|
    avenue|suite|floor|regards|thanks|thank|best|kind|sincerely|cheers|greetings""".replace("\n    ", "").split("|")
)
"""Words of titles, addresses and closings: a line of a signature with one of them is no company."""
