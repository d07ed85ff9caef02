public class TextBlocksAndSwitch {
    enum Day { MON, TUE, SAT, SUN }

    static String kind(Day d) {
        return switch (d) {
            case SAT, SUN -> "weekend";
            default -> {
                String s = d.name().toLowerCase();
                yield "weekday " + s;
            }
        };
    }

    public static void main(String[] args) {
        String text = """
            Hello, "world"!
              indented \
            joined
            tab\tand unicode \u00e9
            """;
        System.out.print(text);
        for (Day d : Day.values()) System.out.println(d.ordinal() + " " + kind(d));
        System.out.println(text.lines().count() + " " + text.strip().length() + " " + "  x ".isBlank());
    }
}
