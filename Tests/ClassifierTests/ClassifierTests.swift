import Testing

@testable import Classifier

func classify(_ prompt: String, system: String = "", turns: Int = 1) -> Classification {
    var prompt = prompt
    var system = system
    return prompt.withUTF8 { user in
        system.withUTF8 { system in
            Classifier.builtIn.classify(
                ClassifierInput(system: UnsafeRawBufferPointer(system), lastUser: UnsafeRawBufferPointer(user), userTurns: turns))
        }
    }
}

@Suite("The built-in model")
struct BuiltInModelTests {
    @Test(
        "tells what clear prompts ask for",
        arguments: [
            ("Write a Python function that returns the n-th Fibonacci number.", TaskType.code),
            ("What is 15% of 240 plus the square root of 81?", .math),
            ("Write a short poem about the sea in autumn.", .creative),
            ("Compare the advantages and disadvantages of electric cars and explain which suits a family.", .analysis),
            ("What is the capital of Australia?", .simple),
            ("What is the weather in Berlin right now?", .search),
            ("Extract all dates and names from the following text as JSON:\nAnna met Bob on 3 May 2021 in Rome.", .extract),
            ("Translate the following sentence into German: The train leaves at noon.", .translate),
            ("Summarize the following article in three sentences:\nThe council met on Monday to discuss the new bridge.", .summarize),
        ])
    func clearPrompts(prompt: String, task: TaskType) {
        #expect(classify(prompt).task == task)
    }
}
