"""What a visitor takes from the lab: programs that reproduce the experiment, its numbers, pictures, weights, a report.

Every file is made when somebody presses its button, from the record at its end; a page that is drawn makes none, it only writes
the program that the dialog "Code" shows. Streamlit makes a file on a thread without a session, so whoever makes one is given
all that it needs when the button is drawn.
"""
