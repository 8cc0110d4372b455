/// The longer word lists. Order does not matter; a word may be in several lists.
enum WordLists {
    static let codeVerb = """
        implement debug refactor compile deploy code program programming coding parse instantiate iterate initialize vectorize containerize scrape automate \
        import install configure optimize memoize serialize deserialize lint mock unit-test sort reverse concatenate
        """
    static let codeNoun = """
        function functions class classes method methods script scripts code codebase program programs api apis regex regexp sql query queries algorithm \
        algorithms array arrays dictionary dict string strings integer integers variable variables loop loops recursion recursive compiler bug bugs exception \
        stacktrace traceback error errors segfault nullpointerexception syntax endpoint endpoints frontend backend database databases schema migration \
        component components hook hooks middleware module modules package packages library dependency dependencies repo repository commit branch merge unit \
        tests test pytest unittest cli terminal shell command commands server servers container cluster cron crontab dockerfile makefile yaml json xml html \
        css dataframe dataframes tuple tuples boolean bool struct enum interface pointer pointers memory thread threads async await promise callback lambda \
        decorator iterator generator linked tree trees node nodes graph hashmap heap stack queue binary hexadecimal byte bytes bit bits input output stdin \
        stdout snippet implementation complexity runtime parameter parameters argument arguments return returns null nil none undefined nan int float char \
        void def elif println printf console log logs debugger ide plugin webpage website app apps button div selector click event handler jwt oauth token \
        webhook websocket http https url urls request requests header headers cors cache index indexes join joins subquery table column columns \
        funktion skript código función fonction скрипт функция функцию код 函数 代码
        """
    static let codeLanguage = """
        python python3 java javascript js typescript ts ruby rust golang go swift kotlin scala php perl haskell c cpp csharp matlab bash powershell sql \
        mysql postgres postgresql postgre sqlite mongodb html css lua julia dart cobol fortran assembly verilog vhdl solidity vba elixir erlang clojure lisp \
        scheme racket ocaml fsharp prolog awk sed zsh latex r
        """
    static let codeTool = """
        react reactjs vue angular svelte django flask fastapi spring springboot rails laravel node nodejs express nextjs numpy pandas pytorch tensorflow keras \
        sklearn scikit matplotlib opencv docker kubernetes k8s kubectl helm terraform ansible git github gitlab jenkins nginx apache redis kafka rabbitmq aws \
        s3 lambda ec2 azure gcp firebase linux ubuntu debian unix ssh systemd graphql grpc protobuf spark hadoop airflow dbt snowflake bigquery elasticsearch \
        selenium playwright beautifulsoup scrapy unity unreal opengl cuda arduino esp32 vim emacs vscode xcode gradle maven npm yarn pip conda poetry webpack \
        vite tailwind bootstrap jquery wordpress shopify hibernate jpa junit pytest jest cypress prisma sqlalchemy celery gunicorn uvicorn flutter android ios \
        swiftui jetpack dplyr ggplot ggplot2 tidyverse shiny vlookup openai langchain
        """
    static let mathVerb = """
        calculate compute solve evaluate simplify integrate differentiate factor prove derive multiply divide subtract add sum round convert estimate find \
        determine expand minimize maximize berechne calcule calcula calcular résoudre löse résous resuelve вычисли реши решить посчитай
        """
    static let mathNoun = """
        moles molarity odds radians hypotenuse isosceles trapezoid cubic roman numeral binary hexadecimal base significant figures \
        equation equations integral derivative derivatives probability triangle rectangle circle sphere radius diameter perimeter area volume angle angles \
        degrees polynomial polynomials matrix matrices determinant eigenvalue eigenvalues vector vectors prime primes divisor divisible remainder modulo \
        fraction fractions percent percentage ratio average mean median variance deviation sum product quotient difference square cube root roots logarithm \
        log sine cosine tangent sin cos tan limit series sequence sequences permutation permutations combination combinations dice coin integer integers \
        inequality theorem lemma proof prove induction coordinates slope parabola hypotenuse algebra calculus geometry trigonometry arithmetic compound \
        interest principal annuity expected binomial gaussian factorial gcd lcm digit digits digital sqrt pi x y n f formula quadratic linear convex \
        equals equal times plus minus divided multiplied squared cubed gleichung wahrscheinlichkeit ecuación équation probabilité dérivée интеграл уравнение
        """
    static let unit = """
        dollar dollars cent cents euro euros pound pounds rupees usd eur gbp hour hours minute minutes second seconds mile miles km kilometer kilometers \
        kilometre meters meter metres metre cm mm inch inches feet foot yard yards kg kilogram kilograms gram grams mg ounce ounces lb lbs liter liters litre \
        litres ml gallon gallons cup cups mph kmh kph celsius fahrenheit percent watt watts kwh gb mb tb tablespoon tablespoons teaspoon
        """
    static let numberWord = """
        one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty \
        sixty seventy eighty ninety hundred thousand million billion half twice double triple quarter third dozen once thrice
        """
    static let wordProblem = """
        total altogether left remaining each every per more less fewer many much cost costs price paid pay earn earns spend spent buys bought sells sold gave \
        gives share shares split bill tip discount save saves savings speed travels train trains leaves older younger age twice ate eats apples apple oranges \
        marbles candies candy balls cookies pencils books tickets bags boxes salary tax invest invested rate rent mortgage loan
        """
    static let composeVerb = """
        write compose draft create craft generate invent imagine tell make come brainstorm design pen author compose produce escribe écris schreibe schreib \
        scrivi escreva напиши придумай сочини 写 redacta rédige
        """
    static let creativeNoun = """
        haikus sonnets clerihew villanelle acrostic anthem chorus bedtime noir prequel sequel epilogue prologue elegy vow eulogy toast heist soliloquy pickup icebreaker \
        poem poems poetry story stories song songs lyrics haiku limerick sonnet verse rhyme rap ballad novel chapter fable fairy tale fairytale fiction scene \
        screenplay dialogue monologue plot joke jokes pun puns riddle riddles character characters villain hero dragon wizard pirate fantasy sci-fi horror \
        romance fanfic fanfiction backstory narrative parody satire skit sketch quest campaign world worldbuilding gedicht geschichte witz cuento poema \
        canción histoire poème chanson conte стих стихотворение сказку рассказ историю 诗 故事 lullaby toast roast eulogy vows
        """
    static let personaWord = """
        pretend act role roleplay role-play imagine youre persona character impersonate as play pov perspective detective captain king queen
        """
    static let draftNoun = """
        thread bio blurb listing obituary flyer leaflet poster postcard invite eulogy hashtag announcement statement apology voicemail signature \
        email e-mail mail letter post tweet tweets blog article essay speech slogan slogans tagline taglines headline headlines caption captions ad ads \
        advert advertisement advertising copy press release newsletter bio biography cover resume cv invitation announcement message reply response \
        description descriptions review pitch script ted linkedin instagram twitter facebook tiktok youtube landing page memo proposal testimonial \
        greeting card text sms subject intro introduction paragraph letter mail correo carta lettre письмо пост
        """
    static let ideaWord = """
        ideas idea names name brainstorm suggestions titles title themes theme catchy creative funny witty original unique clever nickname username mascot \
        startup brand gift gifts activities prompts
        """
    static let analysisVerb = """
        explain compare contrast analyze analyse discuss assess critique evaluate examine argue justify interpret describe elaborate clarify outline review \
        consider weigh judge predict plan advise diagnose reason understand explique explica erkläre erklär vergleiche compara объясни сравни проанализируй 解释 分析
        """
    static let analysisNoun = """
        pros cons advantages disadvantages benefits drawbacks tradeoffs trade-offs trade-off strategy strategies implications implication impact impacts \
        effects effect consequences causes factors risks risk argument arguments approach approaches framework analysis evidence theory theories concept \
        concepts principle principles relationship role significance importance ethics ethical society economy economic policy policies history historical \
        philosophy psychology politics political challenges limitations overview lessons opinion viewpoint perspective perspectives roadmap plan itinerary \
        budget schedule routine curriculum
        """
    static let adviceWord = """
        should best advice tips recommend recommendation recommendations suggest worth improve deal handle cope learn prepare choose decide help ways way \
        steps guide start beginner career job interview relationship boss coworker landlord diet workout exercise sleep recipe cook meal trip travel visit
        """
    static let causeWord = "why because cause causes caused reason reasons how happen happens work works does make makes lead leads"
    static let translateVerb = """
        localise localize transliterate render \
        translate translation translated translating translator traduce traducir traduis traduire traduction übersetze übersetzen übersetzung traduci tradurre \
        traduza traduzir traducción переведи перевод перевести vertaal çevir 翻译 翻訳 번역 tłumacz przetłumacz say pronounce
        """
    static let humanLanguage = """
        dutch tagalog filipino scots icelandic estonian latvian lithuanian bulgarian slovak slovenian afrikaans zulu yoruba somali amharic pashto nepali punjabi gujarati marathi kannada malayalam telugu sinhala khmer lao burmese mongolian georgian armenian azerbaijani kazakh basque galician irish maltese lebanese brazilian \
        english french german spanish italian portuguese dutch russian chinese mandarin cantonese japanese korean arabic hebrew hindi urdu bengali tamil turkish \
        polish czech swedish norwegian danish finnish greek latin ukrainian vietnamese thai indonesian malay swahili farsi persian romanian hungarian croatian \
        serbian catalan gaelic welsh esperanto tagalog englisch französisch deutsch spanisch italienisch inglés francés alemán español anglais français \
        allemand espagnol английский английского русский немецкий французский испанский inglese francese tedesco inglês
        """
    static let summarizeVerb = """
        sparknotes cliffnotes cliff minutes bullets roundup overview outline nutshell synopses sum sums upshot \
        summarize summarise summarizing summary summaries summarized summarised tldr tl dr condense shorten recap gist boil digest synopsis abstract \
        takeaways takeaway highlights brief briefly main key zusammenfassung fasse zusammen résume résumé résumer resumir resume resumen riassumi riassunto \
        кратко резюме суммируй перескажи 总结 概括 要約 samenvatting streszczenie özetle
        """
    static let extractVerb = """
        extract classify categorize categorise label identify tag parse pull pick list detect find locate highlight match return output fill mark grep \
        count according based extrahiere extrae extraer extrais выдели извлеки 提取
        """
    static let extractNoun = """
        entities entity keywords keyword sentiment positive negative neutral names dates addresses emails phone numbers fields field values topics topic \
        category categories label labels spam intent tags locations persons organizations mentioned mentions quote quotes invoice receipt transcript log \
        reviews ticket tickets feedback answer question
        """
    static let givenText = """
        passage text paragraph article following below above excerpt document given context sentence sentences email transcript conversation notes report \
        paste pasted attached this these meeting chapter review statement tweet source reference input
        """
    static let freshTime = """
        today tonight now current currently latest tomorrow yesterday week weekend recent recently news this upcoming live right month year 2024 2025 2026 \
        2023 still yet heute aktuell aktuelle hoy actual aujourd'hui actuel сегодня сейчас 今天 oggi just newest updated
        """
    static let localWord = """
        near nearby nearest closest around local area here open opening hours directions address downtown city street location
        """
    static let liveNoun = """
        pollen tide tides ferry roadworks strike outage recall refund parcel tracking delivery visa queue sunrise sunset marathon fixtures lineup box office charts lottery petrol fuel diesel mortgage rates interest index nasdaq \
        weather forecast temperature rain traffic stock stocks share price prices bitcoin btc ethereum crypto exchange rate score scores game match standings \
        restaurant restaurants hotel hotels flight flights ticket tickets bus train trains schedule times showtimes movie movies theater theaters store stores \
        cafe pharmacy gas station concert concerts event events election polls earthquake president ceo version release released wetter tiempo météo погода \
        курс inflation unemployment headlines availability reviews rating ratings deals
        """
    static let searchVerb =
        "search google look lookup find browse check fetch book order reserve show update track busca recherche suche найди"
    static let smallTalk = """
        timer alarm reminder remind calendar play volume lights turn sing poke \
        hi hello hey thanks thank bye goodbye morning night welcome sorry joke bored feeling alive human robot ai chatbot chatgpt claude siri alexa olly \
        doing love hate cool nice lol haha hmm hola bonjour hallo ciao привет
        """
    static let factNoun = """
        spelled vowel continent abbreviation acronym anthem plural tense pronunciation \
        capital country countries population tallest largest longest highest smallest fastest oldest born died death invented discovered wrote written \
        author director actor actress singer band album movie film played plays won winner year name named called mean meaning means definition define \
        synonym antonym stand stands spell abbreviation currency language flag president king queen war battle river mountain planet element symbol chemical \
        boiling distance height located founded first last season episode team
        """
    static let recommendVerb = "recommend suggest suggestion suggestions advise favorite favourite best good great alternatives options"
    static let toneWord = """
        formal informal professional friendly polite persuasive engaging concise casual humorous funny tone style voice emotional inspiring dramatic \
        sarcastic romantic heartfelt warm
        """
    static let businessNoun = """
        company business customer customers market marketing product products sales revenue client clients team manager employees project stakeholders \
        investor investors startup brand budget pricing strategy legal contract hr kpi
        """
    static let scienceNoun = """
        energy force mass velocity acceleration voltage current resistance pressure gas electron atom atoms molecule reaction acid base equilibrium enzyme \
        protein gene dna cell cells species evolution quantum relativity gravity patient diagnosis symptoms disease court statute plaintiff defendant
        """
    static let logicWord = """
        if then therefore suppose assume given let premise conclusion argument valid implies follows true false statements statement must cannot exactly \
        order left right above below facing
        """
    static let rewriteVerb = """
        rewrite rephrase paraphrase proofread edit correct fix improve polish reword shorten simplify grammar spelling typos convert change turn continue \
        expand complete
        """
}
