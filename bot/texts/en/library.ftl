# What the library says, word for word: `Texts.sentence` recognises it by these lines, the first that fits.
# One line each; what comes first must be the more particular.

library-one-page = 1 page
library-pages = { $count } pages
library-one-slide = 1 slide
library-slides = { $count } slides
library-one-sheet = 1 sheet
library-sheets = { $count } sheets

# What of a file was not read
library-page-without-text = 1 of { $all } pages holds no text (scanned?).
library-pages-without-text = { $count } of { $all } pages hold no text (scanned?).
library-page-scanned = 1 of { $all } pages was read from a picture; check what matters against the original.
library-pages-scanned = { $count } of { $all } pages were read from pictures; check what matters against the original.
library-picture-read = This text was read from a picture; check what matters against the original.
library-page-unread = 1 of { $all } pages is a picture that could not be read.
library-pages-unread = { $count } of { $all } pages are pictures that could not be read.
library-pictures-limit = Only the first { $read } of { $all } pages that are pictures were read.
library-page-damaged = Page { $page } is damaged and was not read.
library-damaged-after = This file is damaged; only its first { $count } pages were read.
library-pages-limit = Only the first { $read } of { $all } pages were read; split the file to have the rest read.
library-pages-left = Only the first { $read } of { $all } pages were read: the file took too long.
library-slides-limit = Only the first { $read } of { $all } slides were read.
library-rows-limit-at = Only the first { $read } rows were read, up to { $sheet }, row { $row }.
library-rows-limit = Only the first { $read } rows were read.
library-columns-limit = Only the first { $read } columns were read.
library-formula = 1 formula holds no stored result; open the file in Excel, save it and upload it again.
library-formulas = { $count } formulas hold no stored result; open the file in Excel, save it and upload it again.
library-embedded-one = 1 file embedded in this one was not read.
library-embedded = { $count } files embedded in this one were not read.
library-beginning-page = Only the beginning of this file was read, up to page { $page }: it is too long.
library-beginning-slide = Only the beginning of this file was read, up to slide { $slide }: it is too long.
library-beginning-row = Only the beginning of this file was read, up to row { $row }: it is too long.
library-beginning-sheet = Only the beginning of this file was read, up to { $sheet }, row { $row }: it is too long.
library-beginning-place = Only the beginning of this file was read, up to { $place }: it is too long.
library-beginning = Only the beginning of this file was read: it is too long.
library-part-page = The file is damaged; it was read only in part, up to page { $page }.
library-part-slide = The file is damaged; it was read only in part, up to slide { $slide }.
library-part-row = The file is damaged; it was read only in part, up to row { $row }.
library-part-sheet = The file is damaged; it was read only in part, up to { $sheet }, row { $row }.
library-part-place = The file is damaged; it was read only in part, up to { $place }.
library-part = The file is damaged; it was read only in part.

# Why a file was not read
library-failed = This file could not be read.
library-unsupported = This kind of file is not read; PDF, Word, PowerPoint, Excel, CSV, Markdown, HTML, plain text and code are.
library-encrypted = This file is protected by a password; upload a copy without one.
library-broken = This file is damaged or incomplete; try saving or exporting it again.
library-empty = This file is empty.
library-only-pictures = This file holds only pictures, no text; upload a copy with a text layer.
library-too-large = This file is too large.
library-stopped = Reading this file took more time or memory than is allowed; try a smaller or simpler copy.
library-stopped-reader = This file stopped the reader: it is damaged, or needs more memory than is allowed; try exporting it again.
library-removed = This file was deleted while it was being read, so nothing of it was kept.
library-not-whole = This file was not received whole; upload it again.
library-too-much-text = This file holds more text than can be read at once; split it into smaller files.
library-too-many-parts = This file holds more than { $count } parts, so it was not opened.
library-unsafe-paths = This file holds parts with unsafe paths, so it was not opened.
library-bomb = This file unpacks to far more than its size, as a “zip bomb” does, so it was not opened.
library-entities = This file declares XML entities, which documents never need, so it was not opened.
library-zip = This file is a ZIP archive; unpack it and upload the documents inside.
library-archive = This file is an archive; unpack it and upload the documents inside.
library-xlsb = This file is a binary Excel workbook (.xlsb); save it as .xlsx and upload that.
library-office = This file is an Office file of a kind that is not read; save it as PDF and upload that.
library-office-old = This file is in an old Office format; save it as PDF or .docx and upload that.
library-doc = This file is in the old Word format (.doc); save it as .docx and upload that.
library-ppt = This file is in the old PowerPoint format (.ppt); save it as .pptx and upload that.
library-xls = This file is in the old Excel format (.xls); save it as .xlsx and upload that.
library-msg = This file is an Outlook message (.msg); save it as PDF or text and upload that.
library-odt = This file is an OpenDocument text; save it as .docx and upload that.
library-ods = This file is an OpenDocument spreadsheet; save it as .xlsx and upload that.
library-odp = This file is an OpenDocument presentation; save it as .pptx and upload that.
library-epub = This file is an e-book (EPUB); save it as PDF and upload that.
library-rtf = This file is in Rich Text Format (.rtf), which is not read; save it as .docx or PDF and upload that.
library-postscript = This file is PostScript, which is not read; save it as PDF and upload that.
library-database = This file is a database, which is not read; export what matters as .csv and upload that.
library-program = This file is a program, not a document; it was not opened.
library-picture = This file is a picture, and text in pictures is not read; upload a copy with typed text, such as a PDF.
library-picture-without = This file is a picture, and text in pictures is not read here; upload a copy with typed text, such as a PDF, or ask the administrator to install the extra “ocr”.
library-picture-empty = This file is a picture in which no text was found; upload a copy with typed text, such as a PDF.
library-picture-unreadable = This file is a picture that cannot be opened; upload a copy with typed text, such as a PDF.
library-sound = This file is sound or video, which is not read; upload a written version.
library-web-page-inside = This file is named { $suffix } but holds a web page; download or export the original again.
library-text-inside = This file is named { $suffix } but holds plain text; download or export the original again.
library-opened-as = This file was opened as { $kind } but holds { $found }.
library-larger-most = This file is larger than { $size } MB, the most that is read.
library-pdf-scanned-without = This PDF holds no text, perhaps because it was scanned; upload a copy with a text layer, or ask the administrator to install the extra “ocr”.
library-pdf-pictures = This PDF holds only pictures in which no text was found; upload a sharper scan or a copy with a text layer.
library-pdf-scanned = This PDF holds no text, perhaps because it was scanned; upload a copy with a text layer.
library-no-text = This file holds no text, perhaps only pictures; upload a copy with the text typed in.
library-workbook-empty = This workbook holds no text in its cells, perhaps only pictures or charts.
library-no-words = This file holds no words.

# While it came from Slack
library-elsewhere = This file does not lie at Slack but elsewhere, where I do not go; upload it here.
library-larger-than-read = This file is larger than the { $size } MB that I read; upload the part you need.
library-scope-missing = Slack did not hand out this file; the administrator should check the scope `files:read`.
library-larger-than-said = This file is larger than Slack said; it was not read.
library-not-fetched = Slack did not hand it out, though I tried several times; upload it again.

# What else went wrong
library-trouble = Something went wrong on our side; nothing was lost. Please try again.
library-model = The language model is not available just now; the administrator can see why in the log.
library-store = The data on disk cannot be used just now; nothing was changed.
library-disk-full = The disk is full, so this could not be saved; it will be tried again when there is room.
library-no-question = There was no question in this. Ask me something about the files here.
library-question-long = This question is longer than the language model can read at once. Please shorten it.
library-web = Web search is not available: nothing that is asked here ever leaves this machine.
library-memory = Memory ran out while answering; everything else goes on. Lower INHOUSE_CONTEXT_TOKENS, or choose a smaller model with `inhouse models`.
library-busy = The language model has more questions than it can take just now. Please ask again in a minute.
library-broke-off = The language model broke off while it was working on this. Please ask again.
library-shut-down = The language model is being shut down. Please ask again in a minute.
library-more-than-memory = This question and its files are more than the language model's memory holds.
library-set-unreadable = This evaluation set cannot be read; `inhouse eval --help` tells the form of each set.
library-egress-refused = Inhouse was about to reach a place outside that it may not reach, and did not; the log names it.
