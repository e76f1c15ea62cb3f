"""The top of every page, and the dialogs of its menu: links, programs, and files to take away.

Every file is made when somebody presses its button, from the record at its end; a page that is drawn makes none, it only writes
the program that the dialog "Code" shows. Streamlit makes a file on a thread without a session, so whoever makes one is given
all that it needs when the button is drawn.
"""
