import Testing

@testable import Classifier

@Suite("Task types") struct TaskTests {
    @Test(
        "clear prompts",
        arguments: [
            ("Write a Python function that returns the n-th Fibonacci number.", TaskType.code),
            ("why does this segfault?\n\n```c\nint *p = NULL;\n*p = 3;\n```", .code),
            ("What is 15% of 240 plus the square root of 81?", .math),
            ("Tom has 12 apples and gives a third of them to Ann. How many apples does he have left?", .math),
            ("Write a short poem about the sea in autumn.", .creative),
            ("Draft a friendly email inviting the team to a summer party.", .creative),
            ("Compare the advantages and disadvantages of electric cars and explain which suits a family.", .analysis),
            ("What is the capital of Australia?", .simple),
            ("What is the weather in Berlin right now?", .search),
            ("Extract all dates and names from the following text as JSON:\nAnna met Bob on 3 May 2021 in Rome.", .extract),
            ("Translate the following sentence into German: The train leaves at noon.", .translate),
            ("Übersetze ins Englische: Der Zug fährt um zwölf Uhr ab.", .translate),
            ("Summarize the following article in three sentences:\nThe council met on Monday to discuss the new bridge.", .summarize),
        ])
    func clearPrompts(prompt: String, task: TaskType) {
        #expect(classify(prompt).task == task)
    }

    /// The figure of docs/routing.md for prompts that were never trained on, with room for retraining.
    @Test("macro-F1 on realistic prompts never trained on is at least .75")
    func realisticPromptsNeverTrainedOn() throws {
        let prompts = try realisticPrompts()
        #expect(prompts.count > 250)
        var hits = [TaskType: Double](), asked = hits, answered = hits
        for prompt in prompts {
            let task = classify(prompt.prompt).task
            asked[prompt.task, default: 0] += 1
            answered[task, default: 0] += 1
            if task == prompt.task { hits[task, default: 0] += 1 }
        }
        let scores = TaskType.allCases.map { 2 * hits[$0, default: 0] / (asked[$0, default: 0] + answered[$0, default: 0]) }
        let macroF1 = scores.reduce(0, +) / Double(scores.count)
        #expect(macroF1 >= 0.75, "macro-F1 is \(macroF1)")
    }

    @Test("the same bytes give the same answer, wherever they lie")
    func deterministic() throws {
        for prompt in try realisticPrompts().prefix(50) {
            let first = classify(prompt.prompt)
            let shifted = Array(("x" + prompt.prompt).utf8)
            let second = shifted.withUnsafeBytes {
                Classifier.builtIn.classify(
                    ClassifierInput(
                        system: UnsafeRawBufferPointer(start: nil, count: 0), lastUser: UnsafeRawBufferPointer(rebasing: $0.dropFirst()),
                        userTurns: 1))
            }
            #expect(first.task == second.task)
            #expect(first.complexityScore.bitPattern == second.complexityScore.bitPattern)
            #expect(first.language == second.language)
        }
    }
}

@Suite("System prompts and depth") struct ConversationTests {
    @Test("a system prompt that sets a task sets it for messages that ask for nothing themselves")
    func systemPromptSetsTheTask() {
        let message = "Good morning, did you sleep well? We are leaving for the lake at nine."
        #expect(classify(message).task != .translate)
        #expect(classify(message, system: "You are a translator. Translate everything the user writes into French.").task == .translate)
        #expect(classify(message, system: "Summarize the text that the user sends in one sentence.").task == .summarize)
    }

    @Test(
        "a system prompt without a task changes nothing",
        arguments: ["", "You are a helpful assistant.", "You are Ada, the friendly assistant of ACME. Be polite."])
    func systemPromptWithoutATask(system: String) throws {
        let prompts = try realisticPrompts()
        let kept = prompts.filter { classify($0.prompt, system: system).task == classify($0.prompt).task }
        #expect(Double(kept.count) >= 0.97 * Double(prompts.count), "\(kept.count) of \(prompts.count)")
    }

    @Test("a message that clearly asks for something else gets it")
    func messageAgainstSystemPrompt() {
        let task = classify(
            "Write a Python function that parses this CSV file and fix the TypeError in my code:\n```python\nfor row in reader: print(row['a'] + 1)\n```",
            system: "You are a translator into French."
        ).task
        #expect(task == .code)
    }

    @Test("depth moves short messages to the middle and leaves long ones alone")
    func depth() {
        let short = "and the other one?"
        let once = classify(short).complexityScore, late = classify(short, turns: 9).complexityScore
        #expect(abs(late - 0.5) < abs(once - 0.5))
        #expect(classify(short, turns: 900).complexityScore == late)
        let long =
            "Design a sharded key-value store with linearizable reads, explain the protocol in detail and discuss what happens when a leader fails."
        #expect(classify(long).complexityScore == classify(long, turns: 9).complexityScore)
        #expect(classify(short, turns: Int.min).complexityScore == once)
    }
}

@Suite("Complexity") struct ComplexityTests {
    @Test(
        "easy before hard",
        arguments: [
            ("hello", "Prove that there are infinitely many primes congruent to 3 modulo 4."),
            ("What is the capital of France?", "Implement a lock-free queue in C++ and explain the memory orderings it needs."),
            (
                "Write a haiku about rain.",
                "Write a SQL query that finds the second highest salary per department, and explain how the index is used."
            ),
            (
                "tell me a joke",
                "Debug this deadlock: two threads each hold one mutex and wait for the other's. How do I restructure the code?"
            ),
        ])
    func easyBeforeHard(easy: String, hard: String) {
        #expect(classify(easy).complexityScore < classify(hard).complexityScore)
    }

    @Test("scores lie between 0 and 1, tiers follow them, and different prompts seldom share one")
    func range() throws {
        let results = try realisticPrompts().map { classify($0.prompt) }
        #expect(results.allSatisfy { $0.complexityScore > 0 && $0.complexityScore < 1 })
        #expect(results.allSatisfy { $0.complexity == ($0.complexityScore >= 0.75 ? .high : $0.complexityScore >= 0.4 ? .medium : .low) })
        #expect(Double(Set(results.map(\.complexityScore)).count) > 0.97 * Double(results.count))
        for tier in ComplexityTier.allCases { #expect(results.contains { $0.complexity == tier }) }
    }

    @Test func tiersAreOrdered() {
        #expect([ComplexityTier.high, .low, .medium].sorted() == [.low, .medium, .high])
    }
}

@Suite("Languages") struct LanguageTests {
    @Test(
        arguments: [
            ("What are the main causes of the French Revolution?", "en"), ("Wie geht es dir?", "de"),
            ("Guten Morgen, wie geht es dir heute an diesem schönen Tag?", "de"),
            ("Wie funktioniert eine Wärmepumpe und was kostet sie?", "de"),
            ("Quels sont les avantages de cette méthode pour une petite entreprise ?", "fr"),
            ("¿Cuál es la mejor manera de aprender a nadar?", "es"),
            ("Come posso preparare la carbonara senza panna?", "it"), ("Quais são as principais causas da inflação no Brasil?", "pt"),
            ("Wat zijn de voordelen van een warmtepomp voor mijn huis?", "nl"), ("Jak napisać list motywacyjny do pracy w banku?", "pl"),
            ("Напиши письмо начальнику о том, что я не приду.", "ru"), ("请解释量子纠缠是什么。", "zh"), ("この文を英語にしてください。", "ja"),
            ("이 문장을 영어로 번역해 주세요.", "ko"),
            ("ما هي عاصمة فرنسا؟", "ar"), ("מהי בירת צרפת?", "he"), ("फ्रांस की राजधानी क्या है?", "hi"),
            ("Ποια είναι η πρωτεύουσα της Γαλλίας;", "el"),
        ] as [(String, String)])
    func known(prompt: String, code: String) { #expect(classify(prompt).language == code) }

    @Test("too little to tell", arguments: ["", "42", "x = y + 1", "!!!", "Xylophon", "der la"]) func unsure(prompt: String) {
        #expect(classify(prompt).language == nil)
    }
}
