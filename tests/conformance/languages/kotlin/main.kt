import java.io.File
import kotlin.system.exitProcess

fun main(args: Array<String>) {
    when (args.firstOrNull() ?: "hello") {
        "hello" -> println("Hello, world!")
        "echo" -> {
            System.`in`.copyTo(System.out)
            System.out.flush()
        }
        "args" -> args.drop(1).forEach(::println)
        "exit" -> exitProcess(7)
        "crash" -> throw IllegalStateException("on purpose")
        "spin" -> {
            var i = 0
            while (true) i += 1
        }
        "fill" -> {
            val all = mutableListOf<ByteArray>()
            while (true) all.add(ByteArray(100_000))
        }
        "read" -> print(File(args[1]).readText())
    }
}
