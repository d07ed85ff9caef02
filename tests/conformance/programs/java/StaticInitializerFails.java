public class StaticInitializerFails {
    static class Settings {
        static final int SIZE = Integer.parseInt("ten");
    }

    public static void main(String[] args) {
        System.out.println("start");
        try {
            System.out.println(Settings.SIZE);
        } catch (ExceptionInInitializerError e) {
            System.out.println(e.getCause().getMessage());
        }
        System.out.println(Settings.SIZE);
    }
}
