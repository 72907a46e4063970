package draft

// givenNames are given names that are common where declarations come from, folded as fold
// does. A name that is missing is drafted as before; a wrong one is a question to a
// person.
var givenNames = setOf(`
	abdallah abdel abdelaziz abdelhamid abdelkader abdellah abdelkarim abderrahim abderrahman abdul abdullah adam adel adil adnan
	ahlam ahmad ahmed aicha aida aisha ali alia alya amal amani amel amin amina amine amir amira ammar anas anis anwar asma assia
	ayman ayoub aziz aziza badr basma bilal bouchra brahim bushra chadi chaima chakib dalia dalila daoud dina driss elias emna
	fadi fadia fadila fadwa faiza farah farid farida fatema fatiha fatima fatma faten fouad fouzia ghada ghassan habib habiba
	hafsa hajar hakim hala halima hamid hamida hamza hana hanan hanane hani hasan hassan hassna hayat hedi heba hiba hicham hind
	houda houria hussain hussein ibrahim ibtissam idris ikram ilham imad iman imane ines ismail jalal jalila jamal jamila jawad
	kamal kamel karim karima kawtar khadija khaled khalid khalil laila lamia latifa layla leila lina lotfi loubna maha mahdi
	mahmoud majid malak malek malika manal mansour marwa marwan maryam mehdi meriem meryem miriam moha mohamad mohamed mohammad
	mohammed mokhtar moncef monia mostafa mouna mounir mourad moussa muhammad mustafa mustapha nabil nabila nada nadia nadim nadir
	naima najat najib najla nasser nawal nidal nizar noor nora nour noura nouha omar oumaima oussama othman rachid rachida rafik
	rajaa rami rana randa rania rashid reda reem rida rim rima sabah sabrine safa said saida salah saleh salem salim salima salma
	salwa samah sami samia samir samira sana sanaa sara sarah selma siham soad sofia sonia souad soufiane soukaina suleiman taha
	taher tahar tarek tariq wafa wael walid wassim yahya yasmina yasmine yassine yasser younes youssef yusuf zahra zaid zakaria
	zeinab zineb zied zohra
	adrien agnes alain albert alexandre alice andre anna anne antoine bernard brigitte camille caroline catherine cecile celine
	charlotte christian christine claire claude clement daniel david denis dominique elisabeth elise emma emmanuel eric etienne
	fabrice florence francois francoise frederic gabriel genevieve georges gerard guillaume helene henri hugo isabelle jacqueline
	jacques jean jeanne jerome joel joseph josephine julie julien karine laura laurence laurent louis louise lucas lucie luc
	madeleine marc marcel margaux marguerite marie marine martine mathieu maurice michel michele monique nathalie nicolas nicole
	olivier pascal patrick paul philippe pierre raphael raymond renee robert roger sandrine sebastien serge simon sophie stephane
	stephanie suzanne sylvie therese thierry thomas valerie veronique vincent virginie yves yvette
	andrew angela barbara benjamin brian carol charles christopher cynthia deborah donna dorothy edward elizabeth emily eleanor
	frank george helen henry jack james jane janet jennifer jessica john jonathan karen katherine kenneth kevin linda lisa
	margaret maria mark martin mary matthew michael nancy oliver patricia peter rachel rebecca richard ronald ruth samuel sandra
	sharon stephen steven susan timothy victoria walter william
	احمد محمد محمود مصطفي عبدالله عبد علي عمر حسن حسين ابراهيم اسماعيل ادريس خالد خليل كريم كريمه كمال جمال جميله جلال سعيد سعيده سعاد
	سليم سليمه سلمي سالم سامي ساميه سمير سميره سنا سهام سلوي صالح صلاح صباح صفا طارق طاهر طه عادل عايشه عايده عباس
	عبير عثمان عزيز عزيزه عماد عمار غاده غسان فاتن فادي فاطمه فتيحه فدوي فواد فوزيه فريد فريده فرح فيصل لطيفه لميا ليلي لينا
	ماجد مالك مها مهدي مني منير مراد مريم مروان مروه منصف منصور موسي نبيل نبيله ناديه نجاه نجيب ندي نزار نعيمه نوال نور نوره هاجر هادي هاله
	هدي هشام هند هيام وايل وفا وليد ياسر ياسين ياسمين يحيي يوسف يونس زكريا زهره زهور زياد زينب رامي رانيا رجا رشيد رشيده
	رضا رضوان رنا رندا ريم ريما رابحه حليمه حميد حميده حنان حياه حبيب حبيبه حكيم حمزه بلال بشري بسمه ايمان ايمن امل امال امين امينه اميره
	انس انور اسما ايوب اكرام الهام جواد داود دلال دليله دنيا دينا خديجه شيما شادي نضال نادر ناصر
`)

// bodyWords stand in the names of organisations that begin like a person's.
var bodyWords = setOf(`watch club circle radio press media house home school college library voice voices keepers wells fishers farmers women youth
	delta river valley lagoon lake oasis spring project projects team trust fund lab studio theatre theater party office company store books
	cercle maison ecole radio presse voix femmes jeunes projet equipe fonds parti theatre bibliotheque compagnie
	نادي دار اذاعه صوت مدرسه بيت مكتبه نسا شباب مشروع فريق صندوق حزب مسرح شركه دلتا نهر وادي`)

// bareName reports whether s is a given name and what may follow one, and no word that an
// organisation's name is made of.
func bareName(s string) bool {
	all := words(s)
	if !personName(s) || len(all) == 0 || !givenNames[fold(all[0])] {
		return false
	}
	for _, w := range all {
		w = fold(w)
		if _, ok := conceptOf(w); ok || bodyWords[w] {
			return false
		}
	}
	return true
}
