#include "proxy/page.h"

#include "common/check.h"

#define INDEX "/page/index.html"

static const struct {
    const char *ending;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
};

static const char *type_of(const char *path)
{
    const char *ending = strrchr(path, '.');

    for (size_t i = 0; ending != NULL && i < ARRAY_LEN(types); i++) {
        if (strcmp(types[i].ending, ending) == 0) {
            return types[i].type;
        }
    }
    return ADMIN_TEXT;
}

static const struct page_file *find_file(const char *path)
{
    for (const struct page_file *file = page_files; file->path != NULL; file++) {
        if (strcmp(file->path, path) == 0) {
            return file;
        }
    }
    return NULL;
}

void page_serve(void *context UNUSED, const struct admin_request *request,
                struct admin_answer *answer)
{
    const char *path = admin_request_path(request);
    const struct page_file *file = find_file(strcmp(path, "/") == 0 ? INDEX : path);

    CHECK(file != NULL);
    answer->type = type_of(file->path);
    sendq_append(&answer->body, (struct span){(const char *)file->bytes, file->size});
}
