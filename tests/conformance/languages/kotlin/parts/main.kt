fun main() {
    println("parts: ${answer()}")
}
