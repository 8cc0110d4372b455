/// The phrases of `Dressing`, lower case, separated by commas.
enum DressingPhrases {
    static let greetings = """
        hi,hello,hey,hiya,howdy,greetings,yo,hi there,hello there,hey there,good morning,good afternoon,good evening,good day,dear,hola,buenos días,buenas tardes,\
        buenas noches,buenas,bonjour,bonsoir,salut,coucou,hallo,guten tag,guten morgen,guten abend,moin,servus,grüß gott,ciao,salve,buongiorno,buonasera,olá,oi,\
        bom dia,boa tarde,boa noite,hej,hei,hejsan,goddag,god dag,god morgon,goedemorgen,goedemiddag,goedendag,hoi,cześć,dzień dobry,witam,ahoj,dobrý den,\
        привет,здравствуйте,здравствуй,добрый день,доброе утро,добрый вечер,привіт,вітаю,добрий день,доброго дня,merhaba,selam,günaydın,你好,您好,大家好,早上好,\
        こんにちは,おはよう,おはようございます,こんばんは,안녕하세요,안녕,xin chào,chào bạn,halo,selamat pagi,selamat siang,namaste,नमस्ते,مرحبا,السلام عليكم,سلام,שלום,γεια σου,γεια,\
        salut tout le monde,szia,bună ziua,bună,moi,terve,hi again,hello again,hey again
        """
    static let addressees = """
        there all everyone everybody team folks guys friend friends claude chatgpt gpt gemini assistant ai bot sir madam again buddy mate man dude todos tous alle \
        zusammen allerseits amigo amigos à всем tutti cher chère
        """
    static let wishes = """
        how are you,how are you doing,how are you today,how are you doing today,how's it going,hope you are well,hope you're well,i hope you are well,\
        i hope you're well,i hope you are doing well,i hope you're doing well,hope you're doing well,hope all is well,i hope this finds you well,\
        hope this finds you well,i hope this message finds you well,nice to meet you,hope your day is going well,i hope you're having a great day,\
        hope you're having a good day,¿cómo estás,cómo estás,qué tal,ça va,comment ça va,comment allez vous,wie geht's,wie geht es dir,wie geht es ihnen,como vai,\
        tudo bem,come stai,как дела,what's up,long time no see
        """
    static let thanks = """
        thanks,thank you,thanks a lot,thanks so much,thank you so much,thank you very much,thanks very much,thanks in advance,thank you in advance,many thanks,\
        thanks a million,thanks a bunch,thx,thnx,tnx,tysm,ty,cheers,much appreciated,greatly appreciated,i appreciate it,i appreciate your help,appreciate it,\
        thanks for your help,thank you for your help,thanks for the help,thank you for the help,thanks for helping,thanks again,thank you again,\
        i would appreciate it,i'd appreciate it,would be much appreciated,any help is appreciated,any help would be appreciated,please and thank you,\
        thanks for your time,thank you for your time,thanks everyone,thanks guys,thank you kindly,kind regards,best regards,have a nice day,have a great day,\
        have a good day,please,pls,plz,gracias,muchas gracias,mil gracias,gracias de antemano,por favor,merci,merci beaucoup,merci d'avance,merci bien,\
        s'il vous plaît,s'il te plaît,svp,stp,danke,danke schön,danke sehr,dankeschön,vielen dank,besten dank,danke im voraus,vielen dank im voraus,bitte,grazie,\
        grazie mille,molte grazie,grazie in anticipo,per favore,obrigado,obrigada,muito obrigado,muito obrigada,dank je,dank u,dank je wel,bedankt,alvast bedankt,\
        hartelijk dank,dzięki,dziękuję,z góry dziękuję,tack,tack så mycket,takk,tusen takk,tak,kiitos,děkuji,díky,спасибо,спасибо большое,большое спасибо,\
        заранее спасибо,благодарю,дякую,щиро дякую,teşekkürler,teşekkür ederim,sağol,谢谢,谢谢你,谢谢您,多谢,非常感谢,感谢,ありがとう,ありがとうございます,よろしくお願いします,お願いします,\
        감사합니다,고맙습니다,고마워,cảm ơn,cảm ơn bạn,terima kasih,धन्यवाद,شكرا,شكرا لك,ممنون,תודה,תודה רבה,ευχαριστώ,köszönöm,mulțumesc
        """
    static let openings = """
        please,pls,plz,kindly,can you,could you,would you,will you,can you please,could you please,would you please,can u,i want you to,i need you to,\
        i would like you to,i'd like you to,i'd like to,i would like to,i want to,i need to,help me,help me to,help me with,i need help with,i need help,\
        can you help me,could you help me,can you help me with,could you help me with,can you help me to,please help me,would you mind,would it be possible to,\
        i was wondering if you could,i was hoping you could,if you could,is it possible to,bitte,kannst du,können sie,kannst du mir,kannst du bitte,könntest du,\
        könnten sie,könntest du mir,por favor,puedes,podrías,me puedes,puede,peux tu,pouvez vous,pourrais tu,pourriez vous,peux-tu,s'il te plaît,s'il vous plaît,\
        puoi,potresti,per favore,você pode,pode,poderia,пожалуйста,можешь,не могли бы вы,могли бы вы,请,請,so,okay,ok,alright,now,well,hmm,um
        """
    static let quoting = """
        say says saying said with of to for my your a an the give giving in and or word words phrase mean means is are write spell many card note express expression \
        sagt sagen heißt dire dis decir dice auf wie scrivere dizer um сказать 说 like called saying no who which that as how when
        """
    static let greeted = "world kitty fresh res - / fi neighbor lo hi hello hey"
}
