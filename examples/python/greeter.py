"""A child of a Kindred program: it answers calls, and asks its parent for the word to greet with."""

import kindred


# #region service
def service(parent):
    def greet(name):
        return f"{parent.call('word')}, {name}."

    def count(to):
        yield from range(1, to + 1)

    def divide(a, b):
        parent.notify("divided", a, b)
        return a / b

    return {"greet": greet, "count": count, "divide": divide}


kindred.parent(service).wait()
# #endregion
