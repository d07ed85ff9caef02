public class TryFinally {
    static class Resource implements AutoCloseable {
        final String name;

        Resource(String name) {
            this.name = name;
            System.out.println("open " + name);
        }

        public void close() {
            System.out.println("close " + name);
            throw new IllegalStateException("close " + name);
        }
    }

    @SuppressWarnings("finally")
    static int odd() {
        try {
            return 1;
        } finally {
            return 2;
        }
    }

    public static void main(String[] args) {
        System.out.println(odd());
        try (Resource a = new Resource("a"); Resource b = new Resource("b")) {
            System.out.println("body");
            throw new ArithmeticException("body");
        } catch (ArithmeticException e) {
            System.out.println(e.getMessage());
            for (Throwable t : e.getSuppressed()) System.out.println("suppressed " + t);
        } finally {
            System.out.println("finally");
        }
        throw new UnsupportedOperationException();
    }
}
