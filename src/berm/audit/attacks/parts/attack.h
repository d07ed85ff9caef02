/* What every attack in C and C++ shares: the values it was given, and how it answers.
 *
 * Include it first. An attack prints one line: HELD, ESCAPED or MOOT (see attack.py beside
 * this file). The values come as one flat JSON object in argv[1]: strings without escapes,
 * and whole numbers. */
#ifndef BERM_ATTACK_H
#define BERM_ATTACK_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *attack_json = "{}";
static char attack_through[2048];
static char attack_refused[2048];

static inline void attack_start(int argc, char **argv) {
    if (argc > 1) attack_json = argv[1];
    setvbuf(stdout, NULL, _IOLBF, 0);
}

static inline void attack_answer(const char *word, const char *detail) {
    printf("%s %s\n", word, detail);
    fflush(stdout);
    _exit(0);
}
static inline void held(const char *detail) { attack_answer("HELD", detail); }
static inline void escaped(const char *evidence) { attack_answer("ESCAPED", evidence); }
static inline void moot(const char *reason) { attack_answer("MOOT", reason); }

static inline const char *attack_find(const char *name) {
    char key[80];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(attack_json, key);
    if (!at) moot("a staged value is missing");
    at += strlen(key);
    while (*at == ' ') at++;
    return at;
}

/* The staged string of that name, in a buffer of its own. */
static inline const char *prop(const char *name) {
    const char *at = attack_find(name);
    if (*at == '"') at++;
    size_t length = strcspn(at, "\"");
    char *copy = (char *)malloc(length + 1);
    memcpy(copy, at, length);
    copy[length] = 0;
    return copy;
}

/* The staged number of that name. */
static inline long prop_number(const char *name) { return strtol(attack_find(name), NULL, 10); }

static inline void attack_note(char *list, const char *label, const char *text) {
    size_t used = strlen(list);
    snprintf(list + used, 2048 - used, "%s%s%s%s", used ? ", " : "", label, *text ? "=" : "", text);
}

/* Note one try. `result` below zero is a refusal, unless errno is `past`: a number which the
 * kernel gives only after its permission check (0 = none). Returns whether it got through. */
static inline int tried_past(const char *label, long result, int past) {
    int number = errno;
    if (result >= 0) {
        attack_note(attack_through, label, "");
        return 1;
    }
    if (past && number == past) {
        attack_note(attack_through, label, strerrorname_np(number));
        return 1;
    }
    const char *name = strerrorname_np(number);
    attack_note(attack_refused, label, name ? name : "?");
    return 0;
}
static inline int tried(const char *label, long result) { return tried_past(label, result, 0); }

/* Answer for all tries together, and end. */
static inline void attack_finish(void) {
    if (*attack_through) escaped(attack_through);
    held(*attack_refused ? attack_refused : "nothing got through");
}

/* Print what a descriptor holds, so that the audit can look for its canary. */
static inline void attack_show(int fd) {
    char text[512];
    ssize_t length = read(fd, text, sizeof text - 1);
    if (length > 0) {
        text[length] = 0;
        printf("READ %s\n", text);
    }
}
#endif
