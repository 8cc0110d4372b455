/// Words of the classes in the most frequent languages of prompts besides English: German, French, Spanish, Italian, Portuguese, Dutch,
/// Polish, Swedish, Turkish, Russian, Ukrainian, Chinese, Japanese, Korean, Arabic. Ideographs are in pairs.
enum ForeignWords {
    static let lists: [WordClass: String] = [
        .translateVerb: """
        übersetz übersetze übersetzen übersetzung traduis traduire traduisez traduction traduce traducir tradúceme traducción tradúzcame traduci tradurre \
        traduzione traduza traduzir tradução traduz vertaal vertalen vertaling przetłumacz tłumaczenie tłumacz översätt översättning oversett oversæt çevir \
        çevirir çeviri переведи переведите перевести перевод переклади перекласти переклад 翻译 译成 译为 翻譯 翻訳 訳し 번역 ترجم ترجمة
        """,
        .humanLanguage: """
        englisch englische deutsch französisch spanisch italienisch russisch türkisch polnisch japanisch chinesisch latein anglais français allemand espagnol \
        italien russe japonais chinois latin arabe inglés español francés alemán italiano portugués ruso japonés chino inglese francese tedesco spagnolo \
        inglês francês alemão espanhol engels frans duits spaans nederlands angielski angielskiego niemiecki hiszpański polski polskiego engelska svenska \
        tyska ingilizce ingilizceye türkçe türkçeye almanca английский английского немецкий французский испанский русский русского англійську українську 英文 \
        中文 英语 日语 法语 德语 英語 日本 中国 韓国 영어 한국 일본 الإنجليزية العربية
        """,
        .summarizeVerb: """
        zusammenfassung zusammenfassen fasse zusammen kurzfassung résume résumer résumé résumez resume resumir resumen resúmeme riassumi riassunto riassumere \
        resuma resumo samenvatting samenvatten vat streść streszczenie podsumuj podsumowanie sammanfatta sammanfattning özetle özet özeti кратко резюме \
        перескажи суммируй изложи стисло підсумуй 总结 概括 摘要 概述 要約 まと 요약 لخص ملخص
        """,
        .extractVerb: """
        extrahiere finde markiere ordne liste nenne extrais extraire repère classe extrae extraer clasifica identifica estrai elenca classifica extraia liste \
        haal wypisz wyodrębnij znajdź extrahera çıkar bul listele выпиши извлеки найди определи выдели випиши знайди 提取 找出 列出 分类 抽出 分類 추출 استخرج
        """,
        .givenText: """
        text texte texto testo tekst tekstu metin metni absatz artikel article artículo articolo artigo artykuł makale folgenden folgende suivant suivante \
        siguiente seguente seguinte volgende następujący poniższy следующий следующего текст текста статью наступний 下面 以下 文章 段落 这段 次の 本文 다음 النص التالي
        """,
        .composeVerb: """
        schreib schreibe verfasse dichte erfinde formuliere écris écrire rédige compose invente imagine escribe escribir redacta inventa crea scrivi scrivere \
        componi escreva escrever crie schrijf bedenk verzin napisz ułóż wymyśl stwórz skriv yaz yazar oluştur напиши придумай сочини составь напиши вигадай 写一 \
        写个 写首 创作 编写 書い 作っ 써줘 작성 اكتب
        """,
        .creativeNoun: """
        gedicht geschichte märchen witz lied reim poème conte blague chanson histoire poema cuento chiste canción historia poesia racconto barzelletta canzone \
        storia conto piada história gedicht verhaal grap liedje wiersz opowiadanie bajkę żart dikt berättelse şiir hikaye fıkra masal şarkı стих стихотворение \
        рассказ сказку анекдот песню вірш оповідання казку 故事 小说 诗歌 笑话 诗 物語 小説 俳句 이야기 시를 قصة قصيدة
        """,
        .draftNoun: """
        brief mail bewerbung rede beitrag slogan lettre courriel discours annonce légende carta correo discurso anuncio lettera discorso annuncio mensagem carta \
        toespraak bericht list maila wiadomość przemówienie ogłoszenie brev mektup письмо пост речь поздравление объявление лист 邮件 文案 标题 演讲 メール 手紙 메일 رسالة
        """,
        .analysisVerb: """
        erkläre erklär erklären analysiere vergleiche bewerte beurteile begründe explique expliquer analyse compare évalue explica explicar analiza compara evalúa \
        spiega spiegami analizza confronta explica explique analise compare leg uitleg vergelijk analyseer wyjaśnij porównaj przeanalizuj förklara jämför açıkla \
        karşılaştır анализ объясни объясните сравни проанализируй оцени поясни порівняй 解释 分析 比较 说明 評価 説明 比較 설명 비교 분석 اشرح قارن حلل
        """,
        .analysisNoun: """
        vorteile nachteile unterschied gründe ursachen folgen argumente avantages inconvénients différence raisons causes conséquences ventajas desventajas \
        diferencia razones causas consecuencias vantaggi svantaggi differenza motivi vantagens desvantagens diferença voordelen nadelen verschil zalety wady \
        różnica fördelar nackdelar fark avantajları преимущества недостатки разница причины плюсы минусы переваги різниця 优点 缺点 区别 原因 影响 優劣 違い 理由 차이
        """,
        .adviceWord: """
        soll sollte tipps rat empfehlung conseils conseil devrais dois consejos consejo debería debo consigli consiglio dovrei dicas devo advies moet rady \
        powinienem powinnam råd tavsiye совет советы стоит как посоветуй порада 建议 应该 怎么 如何 おすすめ 方法 추천 نصائح
        """,
        .freshTime: """
        heute morgen jetzt gerade aktuell aktuelle diese woche aujourd'hui demain maintenant actuellement semaine hoy mañana ahora actualmente semana oggi domani \
        adesso settimana hoje amanhã agora vandaag morgen nu dzisiaj dziś jutro teraz tydzień idag imorgon nu bugün yarın şimdi сегодня завтра сейчас неделе \
        сьогодні завтра зараз 今天 明天 现在 最新 最近 今日 明日 今週 오늘 내일 지금 اليوم غدا الآن
        """,
        .liveNoun: """
        wetter nachrichten kurs spiel ergebnis öffnungszeiten bahn zug météo actualités cours horaires tiempo clima noticias precio cotización partido horario \
        meteo notizie prezzo orari treno tempo notícias preço jogo weer nieuws koers trein pogoda wiadomości kurs mecz väder hava haberler dolar euro maç погода \
        новости курс матч погода новини 天气 新闻 股价 汇率 比分 票价 天気 ニュ 株価 날씨 뉴스 주가 الطقس أخبار سعر
        """,
        .localWord: """
        nähe hier umgebung près proche autour ici cerca aquí vicino qui perto aqui buurt dichtbij blisko pobliżu nära yakın yakında рядом поблизости близко поруч 附近 \
        近く 周辺 근처 قريب
        """,
        .codeNoun: """
        funktion klasse programm skript fehler datenbank abfrage fonction programme erreur base requête función programa consulta funzione programma errore função \
        erro functie fout funkcja funkcję program błąd fonksiyon hata функция функцию программу ошибка ошибку код запрос функцію 函数 代码 程序 报错 脚本 関数 コー 함수 코드 دالة كود
        """,
        .mathVerb: """
        berechne rechne löse bestimme beweise calcule calculer résous détermine démontre calcula calcular resuelve halla determina calcola risolvi calcule resolva \
        bereken los oblicz rozwiąż beräkna lös hesapla çöz вычисли посчитай реши решите докажи найдите обчисли розв'яжи 计算 求解 证明 解方 計算 求め 계산 احسب
        """,
        .mathNoun: """
        gleichung wahrscheinlichkeit ableitung prozent summe fläche équation probabilité dérivée pourcentage somme aire ecuación probabilidad derivada porcentaje \
        suma área equazione probabilità derivata percentuale area equação porcentagem vergelijking kans procent równanie prawdopodobieństwo procent ekvation \
        denklem yüzde olasılık уравнение вероятность процент производную сумму площадь рівняння відсоток 方程 概率 面积 多少 方程 確率 面積 방정식 확률 معادلة
        """,
        .factNoun: """
        hauptstadt einwohner höchste größte capitale habitants capital habitantes altura capitale abitanti hoofdstad inwoners stolica huvudstad başkenti başkent \
        столица население столиця 首都 人口 首都 수도 عاصمة
        """,
        .ideaWord:
            "ideen namen titel vorschläge idées noms titres ideas nombres títulos idee nomi titoli ideias nomes pomysły nazwy fikir isim идеи названия название имена 名字 点子 名前 이름",
        .searchVerb:
            "suche such finde cherche trouve busca buscar encuentra cerca trova procure zoek szukaj sök ara найди поищи знайди 搜索 查一 查询 検索 調べ 검색 찾아 ابحث",
    ]
}
