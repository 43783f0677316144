/// Names of months and weekdays as CLDR 48 has them (Unicode Common Locale Data Repository, `common/main/*.xml`,
/// calendar `gregorian`, wide and abbreviated, format and stand-alone), in the languages of modern coverage: in lower
/// case, without the dot of an abbreviation, and without what means another month in another of these languages
/// (`listopad`, `srp`).
extension CalendarWords {
    /// Of January first. Lines that end in a blank go on.
    static let monthNames = [
        """
        ean eanáir ene enero gen gener gennaio ian ianuarie ion ionawr jaan jaanuar jan janaayo \
        janar janeiro jannaayo jannar januar januari januarie january január januára janv janvier \
        janvāris janúar jän jänner led leden ledna oca ocak sausio sausis sij siječanj siječnja sty \
        styczeń stycznia tammi tammikuu tammikuuta urt urtarrila xan xaneiro yan yanvar ýan ýanwar \
        ιαν ιανουαρίου сту студзень студзеня січ січень січня янв январ январь января януари јан \
        јанвар јануар јануари қаң қаңтар հնվ հունվար հունվարի ינואר جنوري جنوری يناير ژانویه जनवरी \
        जाने जानेवारी জানু জানুয়ারি জানুৱাৰী ਜਨ ਜਨਵਰੀ જાન્યુ જાન્યુઆરી ଜାନୁଆରୀ ஜன ஜனவரி జన జనవరి ಜನ \
        ಜನವರಿ ജനു ജനുവരി දුරුතු มกราคม ມັງກອນ ဇန် ဇန်နဝါရီ იან იანვარი ጃን ጃንዋሪ មករា 一月
        """,
        """
        chw chwef chwefror feabh feabhra feb febbraio febr febraayo febreiro febrer febrero februar \
        februari februarie february február februára februāris febrúar fev fevereiro fevral few \
        fewral fra frar févr février helmi helmikuu helmikuuta lut lutego luty ots otsaila peb \
        pebrero shk shkurt vasario vasaris veebr veebruar velj veljača veljače úno únor února şub \
        şubat φεβ φεβρουαρίου ақп ақпан лют лютага лютий лютого люты феб фебруар фев февр феврал \
        февраль февраля февруари փետրվար փետրվարի փտվ פברואר فبراير فبروري فروری فوریه فيبروري \
        فېبروري फ़रवरी फेब्रु फेब्रुअरी फेब्रुवारी ফেব ফেব্রুয়ারি ফেব্ৰু ফেব্ৰুৱাৰী ਫ਼ਰ ਫ਼ਰਵਰੀ \
        ફેબ્રુ ફેબ્રુઆરી ଫେବୃଆରୀ பிப் பிப்ரவரி ఫిబ్ర ఫిబ్రవరి ಫೆಬ್ರ ಫೆಬ್ರವರಿ ഫെബ്രു ഫെബ്രുവരി නවම් \
        กุมภาพันธ์ ກຸມພາ ဖေ ဖေဖော်ဝါရီ თებ თებერვალი ፌብ ፌብሩዋሪ កុម្ភៈ 二月
        """,
        """
        bře březen března kovas kovo maalis maaliskuu maaliskuuta maarso maart mac machi mar marca \
        march marec maret mars marso mart martie marts martxoa marzec marzo marzu març março maw \
        mawrth mrt márc március márta mäe mäerz mär märts märz ožu ožujak ožujka μαρ μαρτίου бер \
        березень березня мар март марта нау наурыз сак сакавік сакавіка մարտ մարտի մրտ מרץ مارس مارچ \
        मार्च মার্চ মাৰ্চ ਮਾਰਚ માર્ચ ମାର୍ଚ୍ଚ மார் மார்ச் మార్చి ಮಾರ್ಚ್ മാർ മാർച്ച് මැදින් มีนาคม \
        ມີນາ မတ် მარ მარტი ማርች មីនា 三月
        """,
        """
        abr abriil abril abrëll aib aibreán api apirila apr aprel april aprile aprili aprilie aprill \
        apríl apríla aprīlis avr avril balandis balandžio dub duben dubna ebr ebrill huhti huhtikuu \
        huhtikuuta kwi kwiecień kwietnia nis nisan pri prill tra travanj travnja ápr április απρ \
        απριλίου апр апрел апрель апреля април квіт квітень квітня кра красавік красавіка сәу сәуір \
        ապր ապրիլ ապրիլի אפריל آوریل أبريل اپريل اپریل अप्रिल अप्रैल एप्रि एप्रिल এপ্রি এপ্রিল \
        এপ্ৰিল ਅਪ੍ਰੈ ਅਪ੍ਰੈਲ એપ્રિલ ଅପ୍ରେଲ ஏப் ஏப்ரல் ఏప్రి ఏప్రిల్ ಏಪ್ರಿ ಏಪ್ರಿಲ್ ഏപ്രി ഏപ്രിൽ බක් \
        เมษายน ເມສາ ဧပြီ აპრ აპრილი ኤፕሪ ኤፕሪል មេសា 四月
        """,
        """
        beal bealtaine gegužė gegužės kvě květen května maayo mag maggio mai maiatza maig maijs maio \
        maj maja may mayo mayıs maí maý mee mei mej mejju máj mája május svi svibanj svibnja touko \
        toukokuu toukokuuta μαΐ μαΐου май мам мамыр мая мај трав травень травня մայիս մայիսի մյս מאי \
        مئي مئی مايو مه مۍ मई मे মে ਮਈ મે ମଇ மே మే ಮೇ മേയ് වෙසක් พฤษภาคม ພຶດສະພາ မေ მაი მაისი ሜይ \
        ឧសភា 五月
        """,
        """
        birželio birželis cze czerwca czerwiec eka ekaina giu giugno haz haziran hun hunyo iun iunie \
        iyn iyun iýun juin jun june junho juni junie junij junio juny juun juuni jún júna június \
        júní jūn jūnijs kesä kesäkuu kesäkuuta lipanj lipnja meh mehefin meith meitheamh qer qershor \
        xuño červen června čvn ġun ġunju ιουν ιουνίου июн июнь июня ијн ијун мау маусым черв червень \
        червня чэр чэрвень чэрвеня юни јун јуни հնս հունիս հունիսի יוני جون يونيو ژوئن जुन जून জুন \
        ਜੂਨ જૂન ଜୁନ ஜூன் జూన్ ಜೂನ್ ജൂൺ පොසොන් มิถุนายน ມິຖຸນາ ဇွန် ივნ ივნისი ጁን មិថុនា 六月
        """,
        """
        gor gorff gorffennaf heinä heinäkuu heinäkuuta hul hulyo iul iulie iyl iyul iúil iýul juil \
        juill juillet jul julai julho juli julie julij julio juliol july juuli júl júla július júlí \
        jūl jūlijs korr korrik liepa liepos lipca lipiec lug luglio lul lulju luulyo srpanj srpnja \
        tem temmuz uzt uztaila xul xullo července červenec čvc ιουλ ιουλίου июл июль июля ијл ијул \
        лип липень липня ліп ліпень ліпеня шіл шілде юли јул јули հլս հուլիս հուլիսի יולי جولاءِ \
        جولائی جولای يوليو ژوئیه जुलाई जुलै জুল জুলাই ਜੁਲਾ ਜੁਲਾਈ જુલાઈ ଜୁଲାଇ ஜூலை జులై ಜುಲೈ ജൂലൈ ඇසළ \
        กรกฎาคม ກໍລະກົດ ဇူ ဇူလိုင် ივლ ივლისი ጁላይ កក្កដា 七月
        """,
        """
        abu abuztua ago agost agosti agosto agu agustus août aug august augusta augusti augusts \
        augustus augusztus avg avgust avq avqust awg awgust awst aww awwissu ağu ağustos elo elokuu \
        elokuuta gush gusht kol kolovoz kolovoza lún lúnasa ogo ogos ogosto ogs rugpjūtis rugpjūčio \
        sie sierpień sierpnia srpen srpna ágú ágúst αυγ αυγούστου авг август августа ауг аугуст жні \
        жнівень жніўня серп серпень серпня там тамыз օգոստոս օգոստոսի օգս אוגוסט آگسٽ أغسطس اوت اګست \
        اگست अगस्ट अगस्त ऑग ऑगस्ट আগ আগষ্ট আগস্ট ਅਗ ਅਗਸਤ ઑગસ્ટ ଅଗଷ୍ଟ ஆக ஆகஸ்ட் ఆగ ఆగస్టు ಆಗ ಆಗಸ್ಟ್ \
        ഓഗ ഓഗസ്റ്റ് නිකිණි สิงหาคม ສິງຫາ ဩဂုတ် აგვ აგვისტო ኦገስ ኦገስት សីហា 八月
        """,
        """
        eyl eylül ira iraila medi mfómh rugsėjis rugsėjo ruj rujan rujna seb sebteembar sebtembar \
        sen sentabr sentyabr sentýabr sep sept septemba septembar september septembra septembre \
        septembrie septembris septiembre set setembre setembro settembre settembru setyembre sht \
        shtator syys syyskuu syyskuuta szept szeptember wrz wrzesień września zář září σεπ \
        σεπτεμβρίου вер верасень верасня вересень вересня сен сент сентябр сентябрь сентября \
        сентјабр сеп септембар септември қыр қыркүйек սեպ սեպտեմբեր սեպտեմբերի ספטמבר سبتمبر ستمبر \
        سيپٽمبر سپتامبر سپتمبر سېپتمبر सप्टें सप्टेंबर सितंबर सेप्टेम्बर ছেপ্তে ছেপ্তেম্বৰ সেপ সেপ্ট \
        সেপ্টেম্বর ਸਤੰ ਸਤੰਬਰ સપ્ટે સપ્ટેમ્બર ସେପ୍ଟେମ୍ବର செப் செப்டம்பர் సెప్టెం సెప్టెంబర్ ಸೆಪ್ಟೆಂ \
        ಸೆಪ್ಟೆಂಬರ್ സെപ്റ്റം സെപ്റ്റംബർ බිනර กันยายน ກັນຍາ စက် စက်တင်ဘာ სექ სექტემბერი ሴፕቴ ሴፕቴምበር \
        កញ្ញា 九月
        """,
        """
        dfómh eki ekim hyd hydref loka lokakuu lokakuuta oct october octobre octombrie octubre okt \
        oktabr oktoba oktobar oktober oktobris oktoobar oktoober oktubre oktyabr október októbra \
        oktýabr ott ottobre ottubru out outubro paź październik października spalio spalis tet tetor \
        urr urria říj říjen října οκτ οκτωβρίου жовт жовтень жовтня кас кастрычнік кастрычніка окт \
        октобар октомври октябр октябрь октября октјабр қаз қазан հոկ հոկտեմբեր հոկտեմբերի אוקטובר \
        آڪٽوبر أكتوبر اکتبر اکتوبر अक्टूबर अक्टोबर ऑक्टो ऑक्टोबर অক্টো অক্টোবর অক্টোবৰ ਅਕਤੂ ਅਕਤੂਬਰ \
        ઑક્ટો ઑક્ટોબર ଅକ୍ଟୋବର அக் அக்டோபர் అక్టో అక్టోబర్ ಅಕ್ಟೋ ಅಕ್ಟೋಬರ್ ഒക്ടോ වප් ตุลาคม ຕຸລາ အောက် \
        အောက်တိုဘာ ოქტ ოქტომბერი ኦክቶ ኦክቶበር តុលា 十月
        """,
        """
        aza azaroa kas kasım lapkritis lapkričio listopadu marras marraskuu marraskuuta nob \
        nobyembre nof noiembrie noofeembar nov novemba novembar november novembra novembre novembris \
        novembro novembru noviembre noy noyabr noý noýabr nën nëntor nóv nóvember samh samhain stu \
        studeni studenoga tach tachwedd νοε νοεμβρίου лист листопад листопада ліс лістапад лістапада \
        нов новембар ное ноември ноя нояб ноябр ноябрь ноября ној нојабр қар қараша նոյ նոյեմբեր \
        նոյեմբերի נובמבר نوامبر نوفمبر نومبر नवंबर नोभेम्बर नोव्हें नोव्हेंबर নভে নভেম্বর নৱে \
        নৱেম্বৰ ਨਵੰ ਨਵੰਬਰ નવે નવેમ્બર ନଭେମ୍ବର நவ நவம்பர் నవం నవంబర్ ನವೆಂ ನವೆಂಬರ್ നവം നവംബർ ඉල් \
        พฤศจิกายน ພະຈິກ နို နိုဝင်ဘာ ნოე ნოემბერი ኖቬም ኖቬምበር វិច្ឆិកា 十一月
        """,
        """
        abe abendua ara aralık dec decembar december decembra decembrie decembris decembro dek \
        dekabr des desemba desember desembre dets detsember dez dezember dezembro dhj dhjetor dic \
        dicembre diciembre dis diseembar disember disyembre diċ diċembru déc décembre gru grudnia \
        grudzień gruodis gruodžio joulu joulukuu joulukuuta noll nollaig pro prosinac prosinca \
        prosince prosinec rhag rhagfyr δεκ δεκεμβρίου груд грудень грудня дек декабр декабрь декабря \
        декември дец децембар жел желтоқсан сне снежань снежня դեկ դեկտեմբեր դեկտեմբերի דצמבר دسامبر \
        دسمبر ديسمبر ڊسمبر डिसें डिसेंबर डिसेम्बर दिसंबर ডিচে ডিচেম্বৰ ডিসে ডিসেম্বর ਦਸੰ ਦਸੰਬਰ ડિસે \
        ડિસેમ્બર ଡିସେମ୍ବର டிச டிசம்பர் డిసెం డిసెంబర్ ಡಿಸೆಂ ಡಿಸೆಂಬರ್ ഡിസം ഡിസംബർ උඳුවප් ธันวาคม \
        ທັນວາ ဒီ ဒီဇင်ဘာ დეკ დეკემბერი ዲሴም ዲሴምበር ធ្នូ 十二月
        """,
    ]

    /// Of Monday first; only names that are written out.
    static let dayNames = [
        """
        astelehena dilluns dush dushanba duş duşenbe esmaspäev hétfő hën isniin isnin jumatatu llun \
        luan lundi lunedì lunes luni luns maanantai maandag mandag monday montag mán mánadagur \
        mánudagur mån måndag méi méindeg pazartesi pirmadienis pirmd pirmdiena pondelok pondělí \
        ponedeljak ponedeljek ponedjeljak poniedziałek segunda senin δευ δευτέρα даваа душ душанба \
        дүй дүйсенбі дүйшөмбү панядзелак пон понеделник понедельник понедељак понеділок понедјељак \
        երկ երկուշաբթի الاثنين دوشنبه دونۍ سومر پیر सोम सोमबार सोमवार সোম সোমবার সোমবাৰ ਸੋਮ ਸੋਮਵਾਰ \
        સોમ સોમવાર ସୋମ ସୋମବାର திங் திங்கள் సోమ సోమవారం ಸೋಮ ಸೋಮವಾರ തിങ്കൾ සඳුදා จันทร์ วันจันทร์ ຈັນ \
        ວັນຈັນ တနင်္လာ ორშ ორშაბათი ចន្ទ 星期一 月曜日 월요일
        """,
        """
        antradienis asteartea dienstag dimarts dinsdag dën dënschdeg jumanne kedd mardi martedì \
        martes marți máirt otrd otrdiena salı selasa sesh seshanba siş sişenbe talaado teisipäev \
        terça tiistai tirs tirsdag tisdag tldo torek tuesday tysdag týs týsdagur utorak utorok \
        wtorek úterý þri þriðjudagur τρί τρίτη аўторак вто вторник вівторок мягмар сейсенбі сеш \
        сешанба уто уторак шейш шейшемби երեքշաբթի երք الثلاثاء اڱارو درېنۍ منگل मंगल मंगलवार मंगळ \
        मंगळवार मङ्गल मङ्गलबार মঙ্গল মঙ্গলবার মঙ্গলবাৰ ਮੰਗਲ ਮੰਗਲਵਾਰ મંગળ મંગળવાર ମଙ୍ଗଳ ମଙ୍ଗଳବାର செவ் \
        செவ்வாய் మంగళ మంగళవారం ಮಂಗಳ ಮಂಗಳವಾರ ചൊവ്വ අඟහ අඟහරුවාදා วันอังคาร อังคาร ວັນອັງຄານ ອັງຄານ \
        အင်္ဂါ სამ სამშაბათი ማክሰ ማክሰኞ អង្គារ 星期二 火曜日 화요일
        """,
        """
        arbaco arbc asteazkena chor chorshanba céad dimecres jumatano keskiviikko kolmapäev \
        mercoledì mercredi miercuri mikudagur mittwoch miyerkules mié miércoles mið miðvikudagur mér \
        mércores mër mët mëttwoch onsdag quarta rabu sreda srijeda streda středa szerda trečiadienis \
        trešd trešdiena wednesday woensdag çar çarşamba çarşenbe çərşənbə środa τετ τετάρτη лхагва \
        серада середа сре среда сри сриједа сряда сәрсенбі чор чоршанба чәршәнбә шарш шаршемби \
        չորեքշաբթի չրք اربع الأربعاء بدھ څلرنۍ چهارشنبه बुध बुधबार बुधवार বুধ বুধবার বুধবাৰ ਬੁੱਧ \
        ਬੁੱਧਵਾਰ બુધ બુધવાર ବୁଧ ବୁଧବାର புத புதன் బుధ బుధవారం ಬುಧ ಬುಧವಾರ ബുധൻ බදාදා พุธ วันพุธ ພຸດ \
        ວັນພຸດ ဗုဒ္ဓဟူး ოთხ ოთხშაბათი ረቡዕ ពុធ 星期三 水曜日 수요일
        """,
        """
        alhamisi ceturtd ceturtdiena csütörtök czwartek dijous donderdag donnerstag donneschdeg déar \
        déardaoin fimmtudagur giovedì huwebes hós hósdagur jeudi jueves kamis ketvirtadienis khamiis \
        khamis khms neljapäev osteguna payshanba penşenbe perşembe quinta thursday tors torsdag \
        torstai xoves čet četrtek četvrtak čtvrtek ħam štvrtok πέμ πέμπτη бейсенбі бейш бейшемби пай \
        пайшанба пүрэв чацвер чет четвер четверг четвртак четврток четвъртък հինգշաբթի հնգ الخميس \
        جمعرات خميس پنجشنبه پينځنۍ गुरु गुरुवार बिहि बिहिबार বৃহ বৃহস্পতি বৃহস্পতিবার বৃহস্পতিবাৰ \
        ਵੀਰ ਵੀਰਵਾਰ ગુરુ ગુરુવાર ଗୁରୁ ଗୁରୁବାର வியா வியாழன் గురు గురువారం ಗುರು ಗುರುವಾರ വ്യാഴം พฤหัส \
        วันพฤหัสบดี ພະຫັດ ວັນພະຫັດ ကြာသပတေး ხუთ ხუთშაბათი ሐሙስ ព្រហ ព្រហស្បតិ៍ 星期四 木曜日 목요일
        """,
        """
        anna aoine biyernes cuma cümə divendres fredag freideg freitag friday frí fríggjadagur fös \
        föstudagur ijumaa jimco juma jumaat jumat ostirala penktadienis perjantai petak petek piatok \
        piektd piektdiena piątek pátek péntek reede sexta vendredi venerdì venres viernes vineri \
        vrijdag vrydag ġim παρ παρασκευή баасан жум жума жұма пʼятниця пет петак петок петък пятница \
        пятніца ҹүмә ուր ուրբաթ الجمعة جمعه جمعو جمعہ शुक्र शुक्रबार शुक्रवार শুক্র শুক্রবার শুক্ৰ \
        শুক্ৰবাৰ ਸ਼ੁੱਕਰ ਸ਼ੁੱਕਰਵਾਰ શુક્ર શુક્રવાર ଶୁକ୍ର ଶୁକ୍ରବାର வெள் வெள்ளி శుక్ర శుక్రవారం ಶುಕ್ರ \
        ಶುಕ್ರವಾರ വെള്ളി සිකු සිකුරාදා วันศุกร์ ศุกร์ ວັນສຸກ ສຸກ သောကြာ პარ პარასკევი ዓርብ សុក្រ 星期五 \
        金曜日 금요일
        """,
        """
        cumartesi dissabte jumamosi larunbata lauantai laugardagur laupäev laurdag leygardagur lör \
        lördag lør lørdag sabado sabato sabti sabtu samedi samschdeg samstag saterdag sath saturday \
        sbti sestd sestdiena shan shanba sobota subota szombat sáb sábado sâm sâmbătă zaterdag şen \
        şenbe şənbə šeštadienis σάβ σάββατο бямба ишемби ишм саб сабота сенбі суб суббота субота \
        събота шан шанба шәнбә շաբաթ շբթ שבת السبت اونۍ شنبه ڇنڇر ہفتہ शनि शनिबार शनिवार শনি শনিবার \
        শনিবাৰ ਸ਼ਨੀ ਸ਼ਨੀਵਾਰ શનિ શનિવાર ଶନି ଶନିବାର சனி శని శనివారం ಶನಿ ಶನಿವಾರ ശനി සෙන සෙනසුරාදා \
        วันเสาร์ เสาร์ ວັນເສົາ ເສົາ စနေ შაბ შაბათი ቅዳሜ សៅរ៍ 土曜日 星期六 토요일
        """,
        """
        ahad axad bazar dimanche diumenge domenica domh domingo duminică igandea jumapili linggo \
        minggu nedelja nedeľa nedjelja neděle niedz niedziela pazar pühapäev sekmadienis sondag \
        sonndeg sonntag sunday sunnudagur sunnuntai svētd svētdiena sön söndag søn søndag vasárnap \
        yakshanba zondag ýek ýekşenbe ħad κυρ κυριακή базар воскресенье жек жексенбі жекшемби нед \
        недела неделя недеља неділя недјеља нядзеля ням якш якшанба կիր կիրակի آچر اتوار الأحد يونۍ \
        یکشنبه आइत आइतबार रवि रविवार দেও দেওবাৰ রবি রবিবার ਐਤਵਾਰ રવિ રવિવાર ରବି ରବିବାର ஞாயி ஞாயிறு \
        ఆది ఆదివారం ಭಾನು ಭಾನುವಾರ ഞായർ ඉරිදා วันอาทิตย์ อาทิตย์ ວັນອາທິດ ອາທິດ တနင်္ဂနွေ კვი კვირა \
        እሑድ អាទិត្យ 日曜日 星期日 일요일
        """,
    ]
}
