/* sql FILE: runs the statements on its input against a database file and prints each row on a line, columns apart by tabs. Linked with the
 * SQLite that the server is linked with: the system's own may know neither the same tables nor the same plans. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static int print_row(void *unused, int count, char **values, char **names) {
    (void)unused;
    (void)names;
    for (int at = 0; at < count; at++) printf("%s%s", at == 0 ? "" : "\t", values[at] == NULL ? "" : values[at]);
    putchar('\n');
    return 0;
}

static char *read_all(FILE *input) {
    size_t room = 1 << 16, length = 0;
    char *text = malloc(room);
    while (text != NULL) {
        length += fread(text + length, 1, room - length - 1, input);
        if (length < room - 1) break;
        room *= 2;
        text = realloc(text, room);
    }
    if (text != NULL) text[length] = '\0';
    return text;
}

int main(int count, char **arguments) {
    sqlite3 *database = NULL;
    char *statements = read_all(stdin);
    if (count != 2 || statements == NULL) {
        fputs("sql: one argument, the file; the statements on standard input\n", stderr);
        return 64;
    }
    int outcome = sqlite3_open_v2(arguments[1], &database, SQLITE_OPEN_READWRITE, NULL);
    if (outcome == SQLITE_OK) outcome = sqlite3_exec(database, statements, print_row, NULL, NULL);
    if (outcome != SQLITE_OK) fprintf(stderr, "sql: %s\n", database == NULL ? "out of memory" : sqlite3_errmsg(database));
    sqlite3_close(database);
    free(statements);
    return outcome == SQLITE_OK ? 0 : 1;
}
