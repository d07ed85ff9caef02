class Answer {
    static int value() {
        return 42;
    }
}
