public class CheckedExceptionUncaught {
    static class ParseFailure extends Exception {
        ParseFailure(String message, Throwable cause) {
            super(message, cause);
        }
    }

    static int parse(String text) throws ParseFailure {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new ParseFailure("not a number: " + text, e);
        }
    }

    public static void main(String[] args) throws Exception {
        System.out.println(parse("42"));
        System.out.println(parse("4x"));
    }
}
