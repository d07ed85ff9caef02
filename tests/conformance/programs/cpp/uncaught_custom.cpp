struct Failure {
    int code;
};

int main() { throw Failure{3}; }
