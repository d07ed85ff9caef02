public class PublicTypeWithoutMain {
    private final int[] items = new int[8];
    private int size;

    void push(int x) {
        items[size++] = x;
    }

    int pop() {
        return items[--size];
    }
}

class StackDriver {
    public static void main(String[] args) throws java.io.IOException {
        PublicTypeWithoutMain stack = new PublicTypeWithoutMain();
        for (int c; (c = System.in.read()) > 32; ) stack.push(c - '0');
        System.out.println(stack.pop() * 10 + stack.pop());
    }
}
