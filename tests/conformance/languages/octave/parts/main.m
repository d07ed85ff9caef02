printf("parts: %d\n", answer());
